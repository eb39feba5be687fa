/** Indexes on the disk: one entry a line, so that "zcat index.json.gz | grep" is of use, packed. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { HostError } from '../model/errors.ts';
import { LayerIndex, TreeIndex } from '../model/tree-index.ts';
import { parseJson, type Schema } from './json-file.ts';
import { ifMissing } from './missing.ts';

export const indexFileName = 'index.json.gz';

/** Small enough, and four times as fast as the best. */
const level = 4;

/** @returns the digest of the text: equal for equal trees */
export async function writeIndex(file: string, index: TreeIndex | LayerIndex): Promise<string> {
  const { entries, ...rest } = index;
  const lines = entries.map((entry) => JSON.stringify(entry)).join(',\n');
  const text = `{"entries":[\n${lines}\n],${JSON.stringify(rest).slice(1)}\n`;
  await writeFile(file, await promisify(gzip)(text, { level }), { flag: 'wx' });
  return createHash('sha256').update(text).digest('hex');
}

/** undefined: there is none. @param digest what the text must have, where somebody has said */
export async function readTreeIndex(file: string, digest?: string): Promise<TreeIndex | undefined> {
  return readIndex(file, TreeIndex, digest);
}

export async function readLayerIndex(file: string, digest?: string): Promise<LayerIndex | undefined> {
  return readIndex(file, LayerIndex, digest);
}

async function readIndex<T>(file: string, schema: Schema<T>, digest?: string): Promise<T | undefined> {
  const packed = await readFile(file).catch(ifMissing(undefined));
  if (packed === undefined) return undefined;
  const text = await promisify(gunzip)(packed).catch((error: Error) => {
    throw damaged(file, error.message);
  });
  const json = text.toString('utf8');
  if (digest === undefined) return parseJson(json, schema, ({ message }) => damaged(file, message));
  if (createHash('sha256').update(text).digest('hex') !== digest) {
    throw damaged(file, 'its content is not what was written');
  }
  // What has its digest is what a build wrote. To look at each of 15,000 entries takes longer than to read them.
  return JSON.parse(json) as T;
}

function damaged(file: string, reason: string): HostError {
  return new HostError(`${file} is damaged: ${reason}`, {
    hint: 'Make the version anew: "pi-image build NAME --again".',
  });
}
