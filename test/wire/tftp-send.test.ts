/** A transfer written down as words: what goes out after each event. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  advance,
  maxResends,
  startTransfer,
  type Transfer,
  type TransferEvent,
  type TransferStep,
} from '../../src/wire/tftp-send.ts';

const ack = (block: number): TransferEvent => ({ kind: 'ack', block });
const error = (code: number, message = ''): TransferEvent => ({ kind: 'error', code, message });
const timeout: TransferEvent = { kind: 'timeout' };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

interface File {
  readonly sizeBytes: number;
  readonly blockSizeBytes?: number;
  readonly windowSize?: number;
  readonly hasOptions?: boolean;
}

const words: Readonly<Record<TransferStep['kind'], (step: TransferStep) => string>> = {
  'send-options': () => 'oack',
  'send-blocks': (step) => (step.kind === 'send-blocks' ? `data ${step.first}-${step.last}` : ''),
  wait: () => 'wait',
  done: () => 'done',
  probed: () => 'probed',
  aborted: (step) => (step.kind === 'aborted' ? step.reason : ''),
  silent: () => 'silent',
};

function story(file: File, events: readonly TransferEvent[]): string[] {
  let step = startTransfer({ blockSizeBytes: 512, windowSize: 1, hasOptions: false, ...file });
  const told = [words[step.kind](step)];
  for (const event of events) {
    if (!('transfer' in step)) throw new Error(`${step.kind} ended the transfer before ${event.kind}`);
    step = advance(step.transfer, event);
    told.push(words[step.kind](step));
  }
  return told;
}

describe('one block at a time', () => {
  const cases: readonly [string, File, TransferEvent[], string[]][] = [
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
      'a silent client is given up after its resends',
      { sizeBytes: 10 },
      times(maxResends + 1, timeout),
      [...times(maxResends + 1, 'data 1-1'), 'silent'],
    ],
    [
      'progress gives the resends back',
      { sizeBytes: 1000 },
      [...times(maxResends, timeout), ack(1), ...times(maxResends, timeout), ack(2)],
      [...times(maxResends + 1, 'data 1-1'), ...times(maxResends + 1, 'data 2-2'), 'done'],
    ],
    [
      'an error ends it',
      { sizeBytes: 1000 },
      [ack(1), error(3, 'disk full')],
      ['data 1-1', 'data 2-2', 'client: disk full'],
    ],
    ['an error without text', { sizeBytes: 1 }, [error(3)], ['data 1-1', 'client: error 3']],
  ];
  test.each(cases)('%s', (_name, file, events, expected) => {
    expect(story(file, events)).toEqual(expected);
  });
});

describe('with options', () => {
  const file: File = { sizeBytes: 600, hasOptions: true };
  const cases: readonly [string, TransferEvent[], string[]][] = [
    ['data follows the ACK of the OACK', [ack(0), ack(1), ack(2)], ['oack', 'data 1-1', 'data 2-2', 'done']],
    ['a repeated ACK of the OACK is not answered', [ack(0), ack(0)], ['oack', 'data 1-1', 'wait']],
    ['a lost OACK is sent again', [timeout, ack(0)], ['oack', 'oack', 'data 1-1']],
    ['only ACK 0 confirms an OACK', [ack(1)], ['oack', 'wait']],
    ['a board that only looks', [error(0, 'Early terminate')], ['oack', 'probed']],
    ['a client that wants the size only', [error(8)], ['oack', 'probed']],
    ['a real error instead of ACK 0', [error(3, 'disk full')], ['oack', 'client: disk full']],
    [
      'breaking off later is no probe',
      [ack(0), ack(1), error(0, 'stop')],
      ['oack', 'data 1-1', 'data 2-2', 'client: stop'],
    ],
    ['nobody there', times(maxResends + 1, timeout), [...times(maxResends + 1, 'oack'), 'silent']],
  ];
  test.each(cases)('%s', (_name, events, expected) => {
    expect(story(file, events)).toEqual(expected);
  });
});

describe('with a window of 4', () => {
  const file: File = { sizeBytes: 512 * 5 + 1, windowSize: 4, hasOptions: true };
  const cases: readonly [string, TransferEvent[], string[]][] = [
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
function wireBlocks(file: Required<File>): number[] {
  const blocks: number[] = [];
  let step = startTransfer(file);
  for (;;) {
    if (step.kind === 'done') return blocks;
    if (step.kind === 'send-options') {
      step = advance(step.transfer, ack(0));
      continue;
    }
    if (step.kind !== 'send-blocks') throw new Error(step.kind);
    for (let block = step.first; block <= step.last; block++) blocks.push(block & 0xffff);
    step = advance(step.transfer, ack(step.last & 0xffff));
  }
}

test('block numbers go on with 0 after 65535, as often as it takes', () => {
  const blocks = wireBlocks({ sizeBytes: 150_000 * 8, blockSizeBytes: 8, windowSize: 1, hasOptions: false });

  expect(blocks).toHaveLength(150_001);
  expect(blocks.slice(65_534, 65_537)).toEqual([65_535, 0, 1]);
  expect(blocks.slice(131_070, 131_073)).toEqual([65_535, 0, 1]);
});

test('a window may lie across the wrap', () => {
  const transfer: Transfer = { lastBlock: 70_000, windowSize: 8, acked: 65_532, sent: 65_540, resends: 0 };

  expect(advance(transfer, ack(65_540 & 0xffff))).toMatchObject({ kind: 'send-blocks', first: 65_541, last: 65_548 });
  expect(advance(transfer, ack(65_535))).toMatchObject({ kind: 'send-blocks', first: 65_536 });
  expect(advance(transfer, ack(65_532))).toMatchObject({ kind: 'wait' });
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
  answers(step: TransferStep): TransferEvent[] {
    if (step.kind === 'send-options') return this.#carry('oack').flatMap(() => this.#carry(ack(0)));
    if (step.kind !== 'send-blocks') return [];
    const sent = Array.from({ length: step.last - step.first + 1 }, (_none, index) => step.first + index);
    const arrived = sent.flatMap((block) => this.#carry(block));
    for (const block of arrived) if (block === this.blocks + 1) this.blocks = block;
    return arrived.length === 0 ? [] : this.#carry(ack(this.blocks & 0xffff));
  }

  #carry<T>(value: T): T[] {
    return { through: [value], lost: [], twice: [value, value] }[this.#fate()];
  }
}

/** @returns how many blocks the client has when the transfer is done, or how it ended otherwise */
function overBadLine(file: Required<File>, fate: () => Fate): number | string {
  const client = new FarClient(fate);
  let step = startTransfer(file);
  let arriving = client.answers(step);
  while ('transfer' in step && step.kind !== 'done') {
    const [event = timeout, ...later] = arriving;
    step = advance(step.transfer, event);
    arriving = [...later, ...client.answers(step)];
  }
  return step.kind === 'done' ? client.blocks : step.kind;
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
