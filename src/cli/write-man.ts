/** Writes the man pages beside what was compiled: the last step of "npm run build". */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { commandTree } from './command-tree.ts';
import { manPages } from './man-pages.ts';

const packageDir = fileURLToPath(new URL('../../', import.meta.url));
const folder = path.join(packageDir, 'dist/man');
const today = new Date().toLocaleDateString('en-US', { dateStyle: 'long', timeZone: 'UTC' });

await mkdir(folder, { recursive: true });
for (const { file, text } of manPages(await commandTree(packageDir), today)) {
  await writeFile(path.join(folder, file), text);
}
