/** The examples of a page in docs/, so that they are tried as they stand there. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** @param page below docs/. @returns the content of its fenced blocks of that language, in order */
export async function docsBlocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs', page), 'utf8');
  const fences = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...text.matchAll(fences)].map((match) => match[1] ?? '');
}
