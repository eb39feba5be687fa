/** Programs that bytes flow through: cat, head, and some that fail. */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { pipeThrough, readThrough } from '../../src/host/pipe.ts';
import type { Argv } from '../../src/host/process.ts';

const chunk = Buffer.alloc(100_000, 'x');
const hint = 'Look at it.';
const options = { signal: AbortSignal.timeout(15_000), hint };

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pipe-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Counts what was taken of it, and may break in the middle. */
function source(count: number, breaksAt = Infinity) {
  const taken = { chunks: 0 };
  async function* read(): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < count; index += 1) {
      // As from a disk or a network: others have their turn.
      await setImmediate();
      if (index === breaksAt) throw new Error('the network is gone');
      taken.chunks += 1;
      yield chunk;
    }
  }
  return { taken, from: read() };
}

async function output(argv: Argv, from?: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const part of readThrough(argv, { ...options, ...(from !== undefined && { from }) })) {
    bytes += part.byteLength;
  }
  return bytes;
}

/** @returns the size of what arrived in a file */
async function piped(argv: Argv, from: AsyncIterable<Uint8Array>): Promise<number> {
  const file = path.join(dir, 'out');
  const to = await open(file, 'w');
  try {
    await pipeThrough(argv, { ...options, from, to });
  } finally {
    await to.close();
  }
  return (await readFile(file)).byteLength;
}

test('all bytes arrive, in a file and here', async () => {
  expect(await piped(['cat'], source(20).from)).toBe(2_000_000);
  expect(await output(['cat'], source(20).from)).toBe(2_000_000);
});

test('a file is given to the program itself', async () => {
  const file = path.join(dir, 'in');
  await writeFile(file, chunk);
  const from = await open(file, 'r');
  let bytes = 0;
  for await (const part of readThrough(['cat'], { ...options, from })) bytes += part.byteLength;
  await from.close();
  expect(bytes).toBe(100_000);
});

test('a program that has had enough is no failure, and the source is read to its end', async () => {
  const { taken, from } = source(50);
  expect(await output(['head', '-c', '10'], from)).toBe(10);
  expect(taken.chunks).toBe(50);
});

describe('a failure', () => {
  test('of the program says what it said', async () => {
    const argv = ['sh', '-c', 'echo no such thing >&2; exit 3'] as const;
    await expect(piped(argv, source(50).from)).rejects.toMatchObject({
      message: expect.stringContaining('failed: no such thing') as string,
      hint,
    });
    await expect(output(argv)).rejects.toThrow('no such thing');
  });

  test('of the program ends the reading', async () => {
    const { taken, from } = source(1_000_000);
    await expect(piped(['false'], from)).rejects.toThrow('"false" failed');
    expect(taken.chunks).toBeLessThan(1_000_000);
  });

  test('of the source is the one that is told, not what the program makes of it', async () => {
    // Fails as a decompressor does when its input ends too early, and not before.
    const cutShort = ['sh', '-c', 'cat > /dev/null; exit 1'] as const;
    await expect(piped(cutShort, source(50, 3).from)).rejects.toThrow('the network is gone');
    await expect(output(['cat'], source(50, 3).from)).rejects.toThrow('the network is gone');
  });

  test('to start names the package', async () => {
    await expect(piped(['no-such-program'], source(3).from)).rejects.toThrow('no-such-program is not installed');
    await expect(output(['no-such-program'])).rejects.toThrow('no-such-program is not installed');
  });
});

test('who stops reading ends the program', async () => {
  for await (const part of readThrough(['yes'], options)) {
    expect(part.byteLength).toBeGreaterThan(0);
    break;
  }
});

test('an abort ends both', async () => {
  const controller = new AbortController();
  const { from } = source(Number.MAX_SAFE_INTEGER);
  const to = await open('/dev/null', 'w');
  const piping = pipeThrough(['cat'], { from, to, signal: controller.signal, hint });
  setTimeout(() => controller.abort(new Error('stopped')), 50);
  await expect(piping).rejects.toThrow('stopped');
  await to.close();
});
