/** NFS handles reach every file of the file system that a tree lies on: which exported trees share one with secrets? */
import { stat } from 'node:fs/promises';

/** @returns those of `trees` that lie on the file system of `secret`; what does not exist yet counts as apart */
export async function onFileSystemOf(secret: string, trees: readonly string[]): Promise<string[]> {
  const device = await deviceOf(secret);
  const devices = await Promise.all(trees.map(deviceOf));
  return trees.filter((_, index) => device !== undefined && devices[index] === device);
}

async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).dev;
  } catch {
    return undefined;
  }
}
