/** A transfer written down as words: what goes out after each event. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { SendingSide, type SendStep } from '../../src/wire/tftp-send.ts';

type Event =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'silence' };

const ack = (block: number): Event => ({ kind: 'ack', block });
const error = (code: number): Event => ({ kind: 'error', code });
const timeout: Event = { kind: 'timeout' };
const silence: Event = { kind: 'silence' };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

interface File {
  readonly sizeBytes: number;
  readonly blockSizeBytes?: number;
  readonly windowSize?: number;
  readonly hasOptions?: boolean;
}

function inWords(side: SendingSide, step: SendStep): string {
  if (step === 'send-options') return 'oack';
  return step === 'send-blocks' ? `data ${side.acked + 1}-${side.sent}` : step;
}

function take(side: SendingSide, event: Event): string {
  if (event.kind === 'error') return side.isProbe(event.code) ? 'probed' : 'aborted';
  return inWords(side, event.kind === 'ack' ? side.ack(event.block) : side.timeout(event.kind === 'silence'));
}

function newSide(file: File): SendingSide {
  return new SendingSide({ blockSizeBytes: 512, windowSize: 1, hasOptions: false, ...file });
}

function story(file: File, events: readonly Event[]): string[] {
  const side = newSide(file);
  return [inWords(side, side.start()), ...events.map((event) => take(side, event))];
}

describe('one block at a time', () => {
  const cases: readonly [string, File, Event[], string[]][] = [
    ['a short file', { sizeBytes: 10 }, [ack(1)], ['data 1-1', 'done']],
    ['an empty file is one empty block', { sizeBytes: 0 }, [ack(1)], ['data 1-1', 'done']],
    ['whole blocks end with an empty one', { sizeBytes: 512 }, [ack(1), ack(2)], ['data 1-1', 'data 2-2', 'done']],
    ['a lost block is sent again', { sizeBytes: 10 }, [timeout, ack(1)], ['data 1-1', 'data 1-1', 'done']],
    [
      'a repeated ACK is not answered',
      { sizeBytes: 600 },
      [ack(0), ack(1), ack(1), ack(2)],
      ['data 1-1', 'wait', 'data 2-2', 'wait', 'done'],
    ],
    [
      'an ACK of what was never sent is ignored',
      { sizeBytes: 9000 },
      [ack(2), ack(65_535)],
      ['data 1-1', 'wait', 'wait'],
    ],
    [
      'a client that stays silent is given up',
      { sizeBytes: 10 },
      [...times(9, timeout), silence],
      [...times(10, 'data 1-1'), 'silent'],
    ],
    ['an error ends it', { sizeBytes: 1000 }, [ack(1), error(3)], ['data 1-1', 'data 2-2', 'aborted']],
  ];
  test.each(cases)('%s', (_name, file, events, expected) => {
    expect(story(file, events)).toEqual(expected);
  });
});

describe('with options', () => {
  const file: File = { sizeBytes: 600, hasOptions: true };
  const cases: readonly [string, Event[], string[]][] = [
    ['data follows the ACK of the OACK', [ack(0), ack(1), ack(2)], ['oack', 'data 1-1', 'data 2-2', 'done']],
    ['a repeated ACK of the OACK is not answered', [ack(0), ack(0)], ['oack', 'data 1-1', 'wait']],
    ['a lost OACK is sent again', [timeout, ack(0)], ['oack', 'oack', 'data 1-1']],
    ['only ACK 0 confirms an OACK', [ack(1)], ['oack', 'wait']],
    ['a board that only looks', [error(0)], ['oack', 'probed']],
    ['a client that wants the size only', [error(8)], ['oack', 'probed']],
    ['a real error instead of ACK 0', [error(3)], ['oack', 'aborted']],
    ['breaking off later is no probe', [ack(0), ack(1), error(0)], ['oack', 'data 1-1', 'data 2-2', 'aborted']],
    ['nobody there', [timeout, timeout, silence], ['oack', 'oack', 'oack', 'silent']],
  ];
  test.each(cases)('%s', (_name, events, expected) => {
    expect(story(file, events)).toEqual(expected);
  });
});

describe('with a window of 4', () => {
  const file: File = { sizeBytes: 512 * 5 + 1, windowSize: 4, hasOptions: true };
  const cases: readonly [string, Event[], string[]][] = [
    ['four blocks per ACK', [ack(0), ack(4), ack(6)], ['oack', 'data 1-4', 'data 5-6', 'done']],
    ['the rest of a torn window comes again', [ack(0), ack(2), ack(6)], ['oack', 'data 1-4', 'data 3-6', 'done']],
    ['a lost window comes again', [ack(0), timeout], ['oack', 'data 1-4', 'data 1-4']],
    [
      'late ACKs of a window are not answered',
      [ack(0), ack(4), ack(2), ack(4)],
      ['oack', 'data 1-4', 'data 5-6', 'wait', 'wait'],
    ],
  ];
  test.each(cases)('%s', (_name, events, expected) => {
    expect(story(file, events)).toEqual(expected);
  });
});

/** Acknowledges everything, one window after the other, and returns the block numbers as they go over the wire. */
function wireBlocks(file: File): number[] {
  const blocks: number[] = [];
  const side = newSide(file);
  for (let step = side.start(); step !== 'done';) {
    if (step !== 'send-blocks') throw new Error(step);
    for (let block = side.acked + 1; block <= side.sent; block++) blocks.push(block & 0xffff);
    step = side.ack(side.sent & 0xffff);
  }
  return blocks;
}

test('block numbers go on with 0 after 65535, as often as it takes', () => {
  const blocks = wireBlocks({ sizeBytes: 150_000 * 8, blockSizeBytes: 8 });

  expect(blocks).toHaveLength(150_001);
  expect(blocks.slice(65_534, 65_537)).toEqual([65_535, 0, 1]);
  expect(blocks.slice(131_070, 131_073)).toEqual([65_535, 0, 1]);
});

test('a window may lie across the wrap', () => {
  const across = (block: number): string => {
    const side = newSide({ sizeBytes: 70_000 * 8 - 1, blockSizeBytes: 8, windowSize: 8 });
    side.acked = 65_532;
    side.sent = 65_540;
    return take(side, ack(block));
  };

  expect(across(65_540 & 0xffff)).toBe('data 65541-65548');
  expect(across(65_535)).toBe('data 65536-65543');
  expect(across(65_532)).toBe('wait');
  expect(across(65_541 & 0xffff)).toBe('wait');
});

type Fate = 'through' | 'lost' | 'twice';

/** A client of RFC 1350 and 7440 behind a line that loses and doubles datagrams of both directions. */
class FarClient {
  blocks = 0;
  readonly #fate: () => Fate;

  constructor(fate: () => Fate) {
    this.#fate = fate;
  }

  /** @returns the ACKs that come back for what was sent */
  answers(side: SendingSide, step: SendStep): number[] {
    if (step === 'send-options') return this.#carry('oack').flatMap(() => this.#carry(0));
    if (step !== 'send-blocks') return [];
    const sent = Array.from({ length: side.sent - side.acked }, (_none, index) => side.acked + 1 + index);
    const arrived = sent.flatMap((block) => this.#carry(block));
    for (const block of arrived) if (block === this.blocks + 1) this.blocks = block;
    return arrived.length === 0 ? [] : this.#carry(this.blocks & 0xffff);
  }

  #carry<T>(value: T): T[] {
    return { through: [value], lost: [], twice: [value, value] }[this.#fate()];
  }
}

/** @returns how many blocks the client has when the transfer is done, or how it ended otherwise */
function overBadLine(file: File, fate: () => Fate): number | SendStep {
  const client = new FarClient(fate);
  const side = newSide(file);
  let step = side.start();
  let arriving = client.answers(side, step);
  while (step !== 'done' && step !== 'silent') {
    const [block, ...later] = arriving;
    step = block === undefined ? side.timeout(side.resends === 5) : side.ack(block);
    arriving = [...later, ...client.answers(side, step)];
  }
  return step === 'done' ? client.blocks : step;
}

test('over a line that loses and doubles, everything arrives in order or the client counts as silent', () => {
  const fates = fc.array(fc.constantFrom('through', 'through', 'through', 'lost', 'twice'), {
    minLength: 7,
    maxLength: 40,
  });
  const files = fc.record({
    sizeBytes: fc.nat(20_000),
    blockSizeBytes: fc.constantFrom(8, 512, 1468),
    windowSize: fc.constantFrom(1, 4, 64),
    hasOptions: fc.boolean(),
  });

  fc.assert(
    fc.property(files, fates, (file, line) => {
      let at = 0;
      const ended = overBadLine(file, () => line[at++ % line.length] as Fate);
      const blocks = Math.floor(file.sizeBytes / file.blockSizeBytes) + 1;
      expect([blocks, 'silent']).toContain(ended);
    }),
    { numRuns: 500 },
  );
});

test('every third datagram lost or doubled does not stop a transfer', () => {
  for (const fate of ['lost', 'twice'] as const) {
    let at = 0;
    const file = { sizeBytes: 300_000, blockSizeBytes: 1468, windowSize: 1, hasOptions: true };
    expect(overBadLine(file, () => (++at % 3 === 0 ? fate : 'through'))).toBe(205);
  }
});
