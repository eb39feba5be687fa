/** Which file does a board get for a name it asks for over TFTP? Decides from the boot it is in; opens nothing. */
import { tokenSlot, type Generation } from '../model/generation.ts';
import { macWithDashes, type MacAddress } from '../model/mac.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import { maxPathBytes } from '../wire/tftp.ts';

/** What a board without a name is served besides the files of an image. */
export type BootTexts = Pick<Generation, 'role' | 'configTxt' | 'commandLine' | 'texts'> & { readonly boot?: never };

export interface BootFileRequest {
  /** Raw, as it came over the wire. */
  readonly path: string;
  /** What the asking address boots; undefined when no boot is open there. */
  readonly boot:
    | {
        readonly node: Pick<NodeSpec, 'name' | 'serial' | 'mac'>;
        readonly mac: MacAddress | undefined;
        readonly generation: Generation | BootTexts;
        /** As long as the slot it replaces; undefined for a board that came without a lease. */
        readonly token: string | undefined;
        /** Why there is no token, where that is not for want of a lease. */
        readonly noToken?: string;
        readonly manifest: ImageManifest;
      }
    | undefined;
  /** All nodes, to say whose prefix a foreign one is. */
  readonly nodes: readonly NodeSpec[];
}

export type BootFileDecision =
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly carriesToken: boolean }
  | {
      readonly kind: 'image-file';
      readonly image: { readonly name: string; readonly version: string };
      /** A key of the manifest's bootFiles. */
      readonly path: string;
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  /** Of the boot.img that all nodes of this role and board share. */
  | { readonly kind: 'signed'; readonly file: 'image' | 'signature' }
  | { readonly kind: 'missing'; readonly reason: string; readonly isForeignPrefix: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

type Boot = NonNullable<BootFileRequest['boot']>;

/** Firmware writes what these hold into the board's own flash. Asked for at every boot, never answered. */
const reflashes = /^(?:pieeprom|recovery|vl805)\.|^recover4\.elf$/i;

export function decideBootFile(request: BootFileRequest): BootFileDecision {
  const { boot, nodes } = request;
  const refusal = refuse(request.path);
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };

  const { prefix, path } = splitPrefix(request.path);
  const foreign = prefix === undefined ? undefined : explainForeign(prefix, boot, nodes);
  if (foreign !== undefined) return { kind: 'missing', reason: foreign, isForeignPrefix: true };
  if (boot === undefined) return missing('no boot is open at this address');

  if (reflashes.test(path.slice(path.lastIndexOf('/') + 1))) {
    return missing('never served: firmware would write it into the flash of the board');
  }
  if (boot.generation.boot === 'signed') return signedFile(boot, path);
  if (path === 'config.txt') return { kind: 'text', bytes: asText(boot.generation.configTxt), carriesToken: false };
  if (path === 'cmdline.txt') return commandLine(boot);
  return loaderText(boot, path) ?? imageFile(boot.manifest, path);
}

/** A sentence when the path is one that no firmware sends. */
function refuse(path: string): string | undefined {
  const bytes = Buffer.byteLength(path, 'latin1');
  if (bytes > maxPathBytes) return `file name of ${bytes} bytes; the longest that is served has ${maxPathBytes}`;
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return 'file name with a control character';
  if (path.includes('\\')) return 'file name with a backslash';
  if (path.startsWith('/')) return 'absolute path; names are relative to the top of the boot files';
  if (path.split('/').includes('..')) return 'path that leaves the boot files';
  return undefined;
}

/** TFTP_PREFIX=0 is the serial, 2 the MAC with dashes; both in lower case. */
const serialForm = /^[0-9a-f]{8}$/i;
const macForm = /^(?:[0-9a-f]{2}-){5}[0-9a-f]{2}$/i;
/** U-Boot asks so first: 01 is Ethernet. Then for its address and for defaults, which nobody gets. */
const pxelinuxForm = /^pxelinux\.cfg\/01-((?:[0-9a-f]{2}-){5}[0-9a-f]{2})$/i;

function splitPrefix(path: string): { prefix: string | undefined; path: string } {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  const mac = pxelinuxForm.exec(path)?.[1];
  if (mac !== undefined) return { prefix: mac.toLowerCase(), path: first };
  if (!serialForm.test(first) && !macForm.test(first)) return { prefix: undefined, path };
  return { prefix: first.toLowerCase(), path: path.slice(slash + 1) };
}

/** A sentence when the prefix names a board that is not the one in this boot. */
function explainForeign(prefix: string, boot: Boot | undefined, nodes: readonly NodeSpec[]): string | undefined {
  const owner = nodes.find((node) => prefixesOf(node, node.mac).includes(prefix));
  if (boot === undefined) {
    return owner && `${prefix}/ belongs to ${owner.name}, of which no boot is open at this address`;
  }
  const { node } = boot;
  const mac = boot.mac ?? node.mac;
  if (prefixesOf(node, mac).includes(prefix)) return undefined;
  if (owner !== undefined && owner.name !== node.name)
    return `${prefix}/ belongs to ${owner.name}, not to ${node.name}`;
  // A node that is known by its MAC alone may have any serial, and the other way round.
  const known = serialForm.test(prefix) ? node.serial : mac && macWithDashes(mac);
  return known === undefined ? undefined : `${prefix}/ is not ${node.name}, whose board asks under ${known}/`;
}

function prefixesOf(node: Pick<NodeSpec, 'serial' | 'mac'>, mac: MacAddress | undefined): string[] {
  return [node.serial, mac && macWithDashes(mac)].filter((prefix) => prefix !== undefined);
}

function commandLine(boot: Boot): BootFileDecision {
  return textWithToken(boot, boot.generation.commandLine);
}

/** The scripts of iPXE and U-Boot hold the command line. */
function loaderText(boot: Boot, path: string): BootFileDecision | undefined {
  const { texts = {} } = boot.generation;
  const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
  return text === undefined ? undefined : textWithToken(boot, text);
}

function textWithToken({ token, node, noToken }: Boot, text: string): BootFileDecision {
  if (token === undefined) {
    return missing(noToken ?? `${node.name} has no lease, and its token goes only to a leased address`);
  }
  // A function, so that no $ in a token is taken for a pattern.
  const filled = text.replaceAll(tokenSlot, () => token);
  return { kind: 'text', bytes: asText(filled), carriesToken: text.includes(tokenSlot) };
}

/** Nothing else: a board that starts unsigned files would not be noticed. */
function signedFile({ generation }: Boot, path: string): BootFileDecision {
  if (path === 'boot.img') return { kind: 'signed', file: 'image' };
  if (path === 'boot.sig') return { kind: 'signed', file: 'signature' };
  return missing(`the role ${generation.role} boots signed: there is only boot.img and boot.sig, best over HTTP`);
}

function imageFile(manifest: ImageManifest, path: string): BootFileDecision {
  const { name, version } = manifest;
  const file = Object.hasOwn(manifest.bootFiles, path) ? manifest.bootFiles[path] : undefined;
  if (file === undefined && /^boot\.(?:img|sig)$/.test(path)) return missing('its role has no "boot: signed"');
  if (file === undefined) return missing(`not among the boot files of ${name}@${version}`);
  return { kind: 'image-file', image: { name, version }, path, ...file };
}

function asText(content: string): Uint8Array {
  return Buffer.from(content.endsWith('\n') ? content : `${content}\n`, 'utf8');
}

function missing(reason: string): BootFileDecision {
  return { kind: 'missing', reason, isForeignPrefix: false };
}
