/** One input into one decoder, with what holds for all of them: how long it may take, and how much memory. */
import { getHeapStatistics } from 'node:v8';

import type { FuzzTarget } from './target.ts';

/** Without the optimising compiler, which coverage forbids. */
const slowMs = 50;

/** A decoder may keep its own copy, strings and maps around it, and the garbage of making them. */
const bytesPerByte = 1024;
const bytesAlways = 8 * 1024 * 1024;

export class Finding extends Error {
  readonly input: Uint8Array;

  constructor(input: Uint8Array, message: string, cause?: unknown) {
    super(message.split('\n')[0], { cause });
    this.input = input;
  }
}

/** As sockets hand them over: in the middle of a buffer with other bytes around. */
function placed(input: Uint8Array): Uint8Array {
  const slab = new Uint8Array(input.byteLength + 64).fill(0xa5);
  slab.set(input, 3);
  return slab.subarray(3, 3 + input.byteLength);
}

/** @returns the kind of input @throws Finding */
export function runInput(target: FuzzTarget, input: Uint8Array): string {
  const startMs = performance.now();
  const kind = kindOf(target, input);
  const limitMs = target.slowMs ?? slowMs;
  if (performance.now() - startMs > limitMs && isAlwaysSlow(target, input, limitMs)) {
    throw new Finding(input, `takes more than ${limitMs} ms`);
  }
  return kind;
}

/** @throws Finding also when it takes memory out of proportion; much slower */
export function runMeasured(target: FuzzTarget, input: Uint8Array): string {
  const before = usedBytes();
  const kind = runInput(target, input);
  const grown = usedBytes() - before;
  if (grown > bytesAlways + bytesPerByte * (target.wholeBytes ?? input.byteLength)) {
    throw new Finding(input, `takes ${Math.round(grown / 2 ** 20)} MiB of memory`);
  }
  return kind;
}

/** Falls when garbage is collected, so a large input can hide behind a small one, but not for long. */
export function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

function kindOf(target: FuzzTarget, input: Uint8Array): string {
  try {
    return target.run(placed(input));
  } catch (error) {
    throw new Finding(input, error instanceof Error ? `${error.name}: ${error.message}` : String(error), error);
  }
}

/** In processor time: the machine may be busy with something else. */
function isAlwaysSlow(target: FuzzTarget, input: Uint8Array, limitMs: number): boolean {
  return [1, 2, 3, 4, 5].every(() => {
    const before = process.cpuUsage();
    kindOf(target, input);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 > limitMs;
  });
}
