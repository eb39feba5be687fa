/** Are the boot files of a version those of its manifest, and can nobody else change them? No manifest knows modes and owners. */
import type { ImageManifest } from '../model/manifest.ts';

/** Something in the boot folder, or that folder itself. */
export interface BootEntry {
  /** `boot/overlays/README` */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of files. */
  readonly sha256?: string;
}

/** Of the store: beside root, who publishes there. */
export interface StoreOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Every difference as a sentence. */
export function compareBoot(
  bootFiles: ImageManifest['bootFiles'],
  found: readonly BootEntry[],
  owner: StoreOwner,
): string[] {
  const there = new Map(found.map((entry) => [entry.path, entry]));
  const wanted = new Map(Object.entries(bootFiles).map(([name, { sha256 }]) => [`boot/${name}`, sha256]));
  return [
    ...[...wanted].flatMap(([path, sha256]) => changes(path, sha256, there.get(path))),
    ...found.flatMap(({ path, kind }) =>
      kind === 'folder' || wanted.has(path) ? [] : [`${path} does not belong there`],
    ),
    ...found.flatMap((entry) => whoElse(entry, owner)),
  ];
}

function changes(path: string, sha256: string, now: BootEntry | undefined): string[] {
  if (now === undefined) return [`${path} is missing`];
  if (now.kind !== 'file') return [`${path} is a ${now.kind} and was a file`];
  return now.sha256 === sha256 ? [] : [`${path} has another content`];
}

/** Nobody can write to a link, whatever its mode says. */
function whoElse({ path, kind, mode, uid, gid }: BootEntry, owner: StoreOwner): string[] {
  const isOthersOwn = uid !== 0 && uid !== owner.uid;
  const isGroupOurs = gid === 0 || gid === owner.gid;
  const writable = isGroupOurs ? 0o002 : 0o022;
  return [
    ...(isOthersOwn ? [`${path} belongs to ${uid}:${gid}, and not to root or the owner of the store`] : []),
    ...(kind !== 'link' && (mode & writable) !== 0
      ? [`${path} has the mode ${octal(mode)}: others than its owner may write to it`]
      : []),
  ];
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
