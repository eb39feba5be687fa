/** `base:` of image.yaml: what an image stands on. Exactly one of four kinds; each becomes one ordinary layer. */
import { z } from 'zod';

/** Debian policy §5.6.1; a version may be pinned with =. */
export const PackageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+:~-]+)?$/, 'a Debian package name');

export const aptSources = ['debian', 'raspberrypi'] as const;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256: 64 digits of 0-9 and a-f');
/** What is written here is written into locks: no password. */
const HttpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/@]+\/\S*$/, 'an address that begins with https:// or http://, without a user or password');
/** A relative one starts at the folder of image.yaml. */
const Place = z.string().regex(/^[^\0\n]+$/, 'a path');

/** Made of packages, from nothing. */
export const AptBase = z.strictObject({
  suite: z.enum(['trixie']),
  sources: z.array(z.enum(aptSources)).min(1).default(['debian']),
  /** Added to what every image of ours needs to boot. */
  packages: z.array(PackageName).default([]),
});
export type AptBase = Readonly<z.infer<typeof AptBase>>;

/** An image of a whole card as Raspberry Pi publishes them: .img, .img.xz or .img.zst. */
const CardImageBase = z
  .strictObject({
    url: HttpUrl.optional(),
    file: Place.optional(),
    /** As `pi-image image catalog` lists it. */
    name: z.string().min(1).optional(),
    /** Where the name is looked up, instead of in Raspberry Pi's own list. */
    catalog: HttpUrl.optional(),
    /** Of the file as it is downloaded, so of the .xz where it is one. */
    sha256: Sha256.optional(),
  })
  .transform((given, context): CardImageBase => {
    const { url, file, name, catalog, sha256 } = given;
    if (catalog !== undefined && name === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['catalog'],
        message: 'says where a name is looked up, and there is none',
      });
    }
    const pinned = sha256 === undefined ? {} : { sha256 };
    refuseMany(given, ['url', 'file', 'name'], context);
    if (file !== undefined) return { file, ...pinned };
    if (name !== undefined) return { name, ...(catalog !== undefined && { catalog }), ...pinned };
    if (url !== undefined && sha256 !== undefined) return { url, sha256 };
    const hint = 'The page that the image is downloaded from shows it; "sha256sum FILE" computes it.';
    context.addIssue({
      code: 'custom',
      path: ['sha256'],
      message: 'is missing; what comes from an address is checked by it',
      params: { hint },
    });
    return z.NEVER;
  });
export type CardImageBase =
  | { readonly url: string; readonly sha256: string }
  | { readonly file: string; readonly sha256?: string }
  | { readonly name: string; readonly catalog?: string; readonly sha256?: string };

/** Pinned by digest: a tag may be another image tomorrow. */
const registryReference =
  /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[\w][\w.-]{0,127})?@sha256:[0-9a-f]{64}$/;

/** The file system of a container image. */
const OciBase = z
  .strictObject({
    /** A folder with oci-layout and index.json. */
    layout: Place.optional(),
    /** What "docker save" or "podman save" wrote. */
    archive: Place.optional(),
    registry: z.string().regex(registryReference, 'of the form host/name@sha256:…').optional(),
  })
  .transform((given, context): OciBase => {
    refuseMany(given, ['layout', 'archive', 'registry'], context);
    const { layout, archive, registry } = given;
    if (layout !== undefined) return { layout };
    if (archive !== undefined) return { archive };
    return registry === undefined ? z.NEVER : { registry };
  });
export type OciBase = { readonly layout: string } | { readonly archive: string } | { readonly registry: string };

export const Base = z
  .strictObject({
    apt: AptBase.optional(),
    image: CardImageBase.optional(),
    /** A folder, or a tar file (compressed or not) with numeric owners. */
    root: Place.optional(),
    oci: OciBase.optional(),
  })
  .transform((given, context): Base => {
    refuseMany(given, ['apt', 'image', 'root', 'oci'], context);
    const { apt, image, root, oci } = given;
    if (apt !== undefined) return { apt };
    if (image !== undefined) return { image };
    if (root !== undefined) return { root };
    return oci === undefined ? z.NEVER : { oci };
  });
export type Base = { readonly apt: AptBase } | SourceBase;

/** Every base that is made by unpacking something. */
export type SourceBase = { readonly image: CardImageBase } | { readonly root: string } | { readonly oci: OciBase };

function refuseMany<K extends string>(
  given: Readonly<Partial<Record<K, unknown>>>,
  keys: readonly K[],
  context: z.RefinementCtx,
): void {
  const named = keys.filter((key) => given[key] !== undefined);
  if (named.length === 1) return;
  const message = named.length === 0 ? `write one of: ${keys.join(', ')}` : `write only one of: ${named.join(', ')}`;
  context.addIssue({ code: 'custom', message });
}

const resolved = {
  /** What makes it this one and no other: equal digests are equal content. */
  digest: Sha256,
  /** For people: `2025-10-01-raspios-trixie-arm64-lite.img.xz`. */
  describe: z.string(),
};

/** A base as it stands in the lock: which content it is, and where that comes from. */
export const ResolvedBase = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('image'),
    ...resolved,
    /** The file, or the address it is downloaded from. */
    from: z.union([z.strictObject({ file: z.string() }), z.strictObject({ url: z.string() })]),
    /** Name in the catalog, where it was taken from there. */
    name: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('root'), ...resolved, from: z.strictObject({ path: z.string() }) }),
  z.strictObject({
    kind: z.literal('oci'),
    ...resolved,
    from: z.union([
      z.strictObject({ layout: z.string() }),
      z.strictObject({ archive: z.string() }),
      z.strictObject({ registry: z.string() }),
    ]),
  }),
]);
export type ResolvedBase = Readonly<z.infer<typeof ResolvedBase>>;
