/** Has anything below these paths changed? Names, sizes and times of change as one text. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Files, or folders with all that is in them. What does not exist counts as that. */
export async function fingerprintTrees(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(paths.map(fingerprintTree));
  return parts.flat().join('\n');
}

async function fingerprintTree(file: string): Promise<string[]> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) return [`${file} missing`];
  if (!facts.isDirectory()) return [`${file} ${facts.size} ${facts.mtimeMs} ${facts.ino}`];
  const names = await namesIn(file);
  const below = await Promise.all(names.map((name) => fingerprintTree(path.join(file, name))));
  return [file, ...below.flat()];
}

/** Names of the folders two levels down: image versions are immutable once they have a name. */
export async function fingerprintVersions(imagesDir: string): Promise<string> {
  const images = await namesIn(imagesDir);
  const versions = await Promise.all(images.map((name) => namesIn(path.join(imagesDir, name))));
  return images.map((name, at) => `${name}: ${versions[at]?.join(' ')}`).join('\n');
}

/** Hidden ones are not finished: editors and builds write beside and rename. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => !name.startsWith('.')).toSorted();
}
