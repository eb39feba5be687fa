/** The documents of container images: OCI image specification 1.1, and what "docker save" writes. Unknown keys are skipped. */
import { z } from 'zod';

/** Others than sha256 are allowed there and used by nobody. */
const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a sha256 digest');

const Descriptor = z.object({
  mediaType: z.string().default(''),
  digest: Digest,
  platform: z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() }).optional(),
});
export type OciDescriptor = Readonly<z.infer<typeof Descriptor>>;

export const OciIndex = z.object({ manifests: z.array(Descriptor) });
export type OciIndex = Readonly<z.infer<typeof OciIndex>>;

export const OciManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
export type OciManifest = Readonly<z.infer<typeof OciManifest>>;

/** What a digest may lead to: an image for one machine, or a choice of them. */
export const OciDocument = z.union([OciManifest, OciIndex]);

export const OciConfig = z.object({
  architecture: z.string(),
  os: z.string(),
  /** Digests of the layers before they were packed. */
  rootfs: z.object({ diff_ids: z.array(Digest) }),
});
export type OciConfig = Readonly<z.infer<typeof OciConfig>>;

/** manifest.json of "docker save" and "podman save". */
export const DockerArchive = z
  .array(z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }))
  .min(1);
export type DockerArchive = Readonly<z.infer<typeof DockerArchive>>;
