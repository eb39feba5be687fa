/**
 * An official .img.xz becomes the layer of an image, with the index of every file in it, beside `xz -d` alone, which only
 * makes the image of the card. Each round takes both, one after the other, on the same file.
 */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { indexLayer } from '../../src/build/index-layer.ts';
import { resolveBase, unpackBase } from '../../src/build/unpack-base.ts';
import { pipeThrough } from '../../src/host/pipe.ts';
import { run } from '../../src/host/process.ts';
import { makeCardImage, sampleBootFiles } from '../support/card-image.ts';
import { Processor } from './processor.ts';

const MiB = 1024 * 1024;

interface Cost {
  readonly wallMs: number;
  readonly cpuSeconds: number;
}

export interface ExtractRound {
  readonly xz: Cost;
  /** Downloaded file to layer: unpacked, both partitions copied, every file hashed. */
  readonly layer: Cost;
}

export interface ExtractFigure {
  readonly cardBytes: number;
  readonly packedBytes: number;
  readonly files: number;
  readonly rounds: readonly ExtractRound[];
}

/**
 * A card of 1.9 GiB as Raspberry Pi packs it, with many blocks, so that two cores unpack it. Making it takes minutes.
 * @param root of a system with some 600 MB @returns the .img.xz
 */
export async function makeExtractImage(dir: string, root: string, signal: AbortSignal): Promise<string> {
  const content = { root, rootBytes: 1408 * MiB, bootFiles: sampleBootFiles, bootBytes: 512 * MiB };
  const card = await makeCardImage(dir, content, signal);
  await run(['xz', '-1', '--block-size=24MiB', '--threads=2', '--force', card], { signal });
  return `${card}.xz`;
}

/** @param dir on the file system on which layers would lie */
export async function measureExtract(image: string, dir: string, rounds: number): Promise<ExtractFigure> {
  const { signal } = new AbortController();
  const processor = await Processor.of(process.pid);
  const cost = async (work: () => Promise<unknown>): Promise<Cost> => {
    // What the one wrote must not be paid by the other.
    await run(['sync'], { signal });
    const before = await processor.seconds();
    const startedAt = performance.now();
    await work();
    return { wallMs: performance.now() - startedAt, cpuSeconds: (await processor.seconds()) - before };
  };
  const found: ExtractRound[] = [];
  let files = 0;
  let cardBytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    const card = path.join(dir, 'rival.img');
    const xz = await cost(() => unpackAlone(image, card, signal));
    cardBytes = (await stat(card)).size;
    await rm(card);
    const layer = await cost(async () => {
      files = await unpackToLayer(image, ours(dir, round), signal);
    });
    found.push({ xz, layer });
  }
  // ext4 without a journal passes inodes over that were deleted within minutes, one by one: no round pays for an earlier one.
  for (const round of found.keys()) await rm(ours(dir, round), { recursive: true });
  return { cardBytes, packedBytes: (await stat(image)).size, files, rounds: found };
}

const ours = (dir: string, round: number) => path.join(dir, `ours-${round}`);

async function unpackAlone(image: string, card: string, signal: AbortSignal): Promise<void> {
  const [from, to] = [await open(image, 'r'), await open(card, 'w')];
  await pipeThrough(['xz', '--decompress', '--stdout', '--threads=2'], { from, to, signal, hint: '' });
  await from.close();
  await to.close();
}

/** @returns how many entries its index has */
async function unpackToLayer(image: string, dir: string, signal: AbortSignal): Promise<number> {
  const context = {
    specDir: dir,
    stateDir: path.join(dir, 'state'),
    offline: true,
    progress: { detail: () => undefined },
    signal,
  };
  await mkdir(path.join(dir, 'layer'), { recursive: true });
  const resolved = await resolveBase({ image: { file: image } }, context);
  const place = { target: path.join(dir, 'layer', 'root'), workDir: path.join(dir, 'work') };
  const { newestSeconds } = await unpackBase(resolved, place, context);
  const lock = { epochSeconds: newestSeconds };
  const { index } = await indexLayer(path.join(dir, 'layer'), { signal, lock });
  return index.entries.length;
}
