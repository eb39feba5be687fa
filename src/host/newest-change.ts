/** When a file of a folder was written last. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** @returns undefined when there is no such folder, or nothing in it */
export async function newestChangeMs(folder: string): Promise<number | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const times = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      ),
    ),
  );
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
