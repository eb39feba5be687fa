/** The examples of a page in docs/, so that they are tried as they stand there. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface DocsBlock {
  /** The nearest one above it, without its signs. */
  readonly heading: string;
  /** `sh`, `yaml`, `text`; empty where none is named. */
  readonly language: string;
  readonly text: string;
}

/** @param page below docs/. @returns all of its fenced blocks, in order */
export async function docsPage(page: string): Promise<DocsBlock[]> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs', page), 'utf8');
  const parts = /^```(?<language>[a-z]*)\n(?<content>.*?)^```$|^#+ (?<heading>[^\n]*)$/gms;
  let last = '';
  return [...text.matchAll(parts)].flatMap(({ groups = {} }) => {
    const { heading, language = '', content = '' } = groups;
    if (heading === undefined) return [{ heading: last, language, text: content }];
    last = heading;
    return [];
  });
}

/** @returns the content of its fenced blocks of that language, in order */
export async function docsBlocks(page: string, language: string): Promise<string[]> {
  const blocks = await docsPage(page);
  return blocks.filter((block) => block.language === language).map(({ text }) => text);
}
