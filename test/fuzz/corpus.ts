/** Inputs that are worth keeping: test/fuzz/corpus/<decoder>.hex, one on each line; `00*500` is a byte that is there 500 times. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, 'corpus');

export interface KeptInput {
  readonly bytes: Uint8Array;
  /** What it once broke; undefined: it reaches code that others do not. */
  readonly found?: string | undefined;
}

export function readCorpus(target: string): KeptInput[] {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').filter(Boolean);
  return lines.map((line) => {
    const [hex = '', found] = line.split(' # ');
    return { bytes: fromHex(hex), found };
  });
}

export function writeCorpus(target: string, inputs: readonly KeptInput[]): void {
  const lines = inputs.map(({ bytes, found }) => toHex(bytes) + (found === undefined ? '' : ` # ${found}`));
  writeFileSync(fileOf(target), lines.map((line) => `${line}\n`).join(''));
}

const fileOf = (target: string) => path.join(folder, `${target}.hex`);

/** Nothing is written as a dash: an empty line would be lost. */
function toHex(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  const pairs = hex.match(/../g) ?? [];
  let text = '';
  for (let at = 0; at < pairs.length;) {
    let end = at + 1;
    while (pairs[end] === pairs[at]) end++;
    const count = end - at;
    text += count > 8 ? `${pairs[at]}*${count};` : (pairs[at] ?? '').repeat(count);
    at = end;
  }
  return text === '' ? '-' : text;
}

function fromHex(text: string): Uint8Array {
  const hex = text.replaceAll(/(..)\*(\d+);/g, (_, pair: string, count: string) => pair.repeat(Number(count)));
  return Uint8Array.from(Buffer.from(hex === '-' ? '' : hex, 'hex'));
}
