/** What a tree that was made in a user namespace, or by strangers, must lose before it is root's. */
import path from 'node:path';

import { run } from './process.ts';
import { readXattrs, writeXattrs } from './xattrs.ts';

/** @returns their paths, sorted */
export async function dropDevices(root: string, signal: AbortSignal): Promise<string[]> {
  const devices = ['-type', 'b', '-o', '-type', 'c'];
  const found = await run(['find', root, '(', ...devices, ')', '-printf', '%P\\0', '-delete'], { signal });
  return found.split('\0').slice(0, -1).toSorted();
}

const capability = 'security.capability';

/** Capabilities that count under the root of one user namespace become those of the machine's root. */
export async function rootCapabilities(root: string, signal: AbortSignal): Promise<void> {
  for (const [file, xattrs] of await readXattrs(root, signal)) {
    const value = xattrs[capability];
    const own = value === undefined ? undefined : withoutNamespace(value);
    if (own !== undefined) await writeXattrs(path.join(root, file), { [capability]: own }, signal);
  }
}

/**
 * vfs_ns_cap_data of linux/capability.h: a little-endian word with flags and, in its highest byte, revision 3; two pairs of
 * sets; the number of that root. Revision 2 is the same without the number.
 * @returns undefined for what is of no namespace
 */
export function withoutNamespace(value: string): string | undefined {
  return /^[0-9a-f]{6}03[0-9a-f]{40}$/.test(value) ? `${value.slice(0, 6)}02${value.slice(8, 40)}` : undefined;
}
