/** The archive that the kernel unpacks as its first root: cpio "newc". Same entries, same bytes. */
import { WireError } from '../model/errors.ts';

/** Paths are relative, without leading slash; owner is root, the date is 1970. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const fileType = { directory: 0o040000, file: 0o100000, link: 0o120000 } as const;

/** Folders nobody listed. */
const parentMode = 0o755;
const linkMode = 0o777;

/** As GNU cpio pads an archive. */
const archiveBlockBytes = 512;

/**
 * Sorted by path, with the folders that entries lie in: the kernel makes none by itself.
 * @throws WireError for a path that is listed twice or leaves the archive.
 */
export function encodeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const chunks = withParents(entries).flatMap((entry, index) =>
    record(entry.path, { inode: index + 1, mode: modeOf(entry), content: contentOf(entry) }),
  );
  const archive = Buffer.concat([...chunks, ...record('TRAILER!!!', { inode: 0, mode: 0, content: new Uint8Array() })]);
  return Buffer.concat([archive, padding(archive.byteLength, archiveBlockBytes)]);
}

function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new WireError(`"${entry.path}" is twice in the archive`);
    byPath.set(checked(entry.path), entry);
  }
  for (const path of entries.flatMap((entry) => parentsOf(entry.path))) {
    if (!byPath.has(path)) byPath.set(path, { kind: 'directory', path, mode: parentMode });
  }
  return [...byPath.values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

function checked(path: string): string {
  const isFine = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (!isFine || path === 'TRAILER!!!') throw new WireError(`"${path}" is no path inside an archive`);
  return path;
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function modeOf(entry: CpioEntry): number {
  return fileType[entry.kind] | (entry.kind === 'link' ? linkMode : entry.mode);
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes;
  return entry.kind === 'link' ? Buffer.from(entry.target) : new Uint8Array();
}

/**
 * One record: thirteen fields of eight hex digits after the magic number, name, content; name and content end at a
 * multiple of four (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
 */
function record(path: string, of: { inode: number; mode: number; content: Uint8Array }): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  // inode, mode, uid, gid, links, mtime, size, device (2), device it is (2), length of the name, checksum
  const fields = [of.inode, of.mode, 0, 0, links, 0, of.content.byteLength, 0, 0, 0, 0, name.byteLength, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  const headBytes = header.byteLength + name.byteLength;
  return [header, name, padding(headBytes, 4), of.content, padding(of.content.byteLength, 4)];
}

function padding(length: number, multiple: number): Uint8Array {
  return new Uint8Array((multiple - (length % multiple)) % multiple);
}
