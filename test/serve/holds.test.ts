/** Boards that wait, with timers of the test. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import type { HoldFacts } from '../../src/plan/hold-report.ts';
import { createHolds } from '../../src/serve/holds.ts';
import { sampleNode } from '../support/sample-view.ts';

const mac = parseMac('dc:a6:32:aa:bb:cc');
const other = parseMac('dc:a6:32:aa:bb:dd');
const address = parseIpv4('10.42.0.200');
const elsewhere = parseIpv4('10.42.0.201');

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function queue() {
  const first = { mac, address, firstSeenMs: 1, lastSeenMs: 1_000_000 };
  const second = { mac: other, address: elsewhere, firstSeenMs: 2, lastSeenMs: 1_000_000 };
  let value: State = { ...emptyState, unknownBoards: [first, second] };
  const listeners: (() => void)[] = [];
  const writes: number[] = [];
  const change = (edit: (state: State) => State) => {
    value = edit(value);
    for (const listener of listeners) listener();
  };
  const state = {
    current: () => value,
    amend: (edit: (state: State) => State) => {
      writes.push(Date.now());
      change(edit);
    },
    onChange: (listener: () => void) => void listeners.push(listener),
  };
  const log = { info: () => undefined, warn: () => undefined };
  const holds = createHolds({ state, now: () => Date.now(), log });
  const ask = (facts: HoldFacts = {}, who = mac, from = address, signal = new AbortController().signal) =>
    holds.ask({ mac: who, facts }, { address: from, signal });
  const name = (named = mac) =>
    change((now) => ({ ...now, unknownBoards: now.unknownBoards.filter((board) => board.mac !== named) }));
  const pins = (changes: Partial<State>) => change((now) => ({ ...now, ...changes }));
  return { holds, ask, name, pins, writes, current: () => value };
}

test('a board hears after 20 s that there is nothing to do, and its facts are in the queue', async () => {
  const { holds, ask } = queue();
  const asked = ask({ model: 'Pi 4', memoryMib: 3792 });
  expect(holds.boards()[0]).toMatchObject({ model: 'Pi 4', memoryMib: 3792, hold: { sinceMs: 1_000_000 } });

  await vi.advanceTimersByTimeAsync(19_999);
  let isAnswered = false;
  void asked.then(() => (isAnswered = true));
  await vi.advanceTimersByTimeAsync(0);
  expect(isAnswered).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await asked).toBe('wait');
});

test('a node that has nothing proved to go back to waits like them, until it has', async () => {
  const { holds, ask, pins, current } = queue();
  const node = { ...sampleNode('node01'), mac: parseMac('dc:a6:32:aa:bb:ee') };
  expect(await ask({}, node.mac, node.address)).toBe('reboot');
  pins({ nodes: [node], generationPins: { node01: { generation: 'hold', image: 'i@1', role: node.role, by: 'o' } } });
  const asked = ask({ model: 'Pi 4' }, node.mac, node.address);
  await vi.advanceTimersByTimeAsync(0);
  expect([holds.hears(node.mac), current().unknownBoards.length]).toEqual([true, 2]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await asked).toBe('wait');

  const again = ask({}, node.mac, node.address);
  pins({ generationPins: {} });
  expect(await again).toBe('reboot');
});

test('a board that gets a name is told at once, the others wait on', async () => {
  const { ask, name } = queue();
  const asked = ask();
  const waits = ask({}, other, elsewhere);

  name();

  expect(await asked).toBe('reboot');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await waits).toBe('wait');
});

test('a board that asks after it got a name, or whose address is not its own any more, starts again', async () => {
  const { ask, name } = queue();
  name();

  expect(await ask()).toBe('reboot');
  expect(await ask({}, parseMac('dc:a6:32:00:00:01'), elsewhere)).toBe('reboot');
});

test('who asks as another board writes nothing, hears nothing, and is no reason for that board to start', async () => {
  const { holds, ask, writes } = queue();
  const forged = ask({ model: 'forged' }, other);

  await vi.advanceTimersByTimeAsync(20_000);
  expect(await forged).toBe('wait');
  expect(writes).toEqual([]);
  expect(holds.boards().map(({ hold }) => hold)).toEqual([undefined, undefined]);
});

describe('blinking', () => {
  test('is told at once to a board that asks, and once', async () => {
    const { holds, ask } = queue();
    const asked = ask();

    holds.blink(mac);
    expect(await asked).toBe('blink');

    const again = ask();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await again).toBe('wait');
  });

  test('waits for the next question', async () => {
    const { holds, ask } = queue();
    const asked = ask();
    await vi.advanceTimersByTimeAsync(20_000);
    await asked;

    holds.blink(mac);

    expect(await ask()).toBe('blink');
  });

  test('is refused for a board that nobody knows, that never asked, or that is silent', async () => {
    const { holds, ask } = queue();
    expect(() => holds.requireListening(parseMac('dc:a6:32:00:00:01'))).toThrow('no unknown board has');
    expect(() => holds.requireListening(mac)).toThrow('does not wait in a hold boot');

    const asked = ask();
    expect(() => holds.requireListening(mac)).not.toThrow();
    await vi.advanceTimersByTimeAsync(60_000);
    await asked;
    expect(() => holds.requireListening(mac)).toThrow('does not wait in a hold boot');
    expect(holds.boards()[0]?.hold).toBeUndefined();
  });
});

describe('who asks without end', () => {
  test('has one question open, and twenty in ten seconds', async () => {
    const { ask } = queue();
    const answers: string[] = [];
    for (let count = 0; count < 25; count += 1) void ask().then((answer) => answers.push(answer));
    await vi.advanceTimersByTimeAsync(0);

    expect(answers.filter((answer) => answer === 'wait')).toHaveLength(19);
    expect(answers.filter((answer) => answer === 'too-often')).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(answers).toHaveLength(25);
    void ask().then((answer) => answers.push(answer));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(answers.at(-1)).toBe('wait');
  });

  test('changes what stands in the queue once in five seconds', async () => {
    const { holds, ask, writes } = queue();
    for (let count = 0; count < 10; count += 1) void ask({ model: `model ${count}` });
    expect(holds.boards()[0]?.model).toBe('model 0');

    await vi.advanceTimersByTimeAsync(5000);
    void ask({ model: 'another' });
    expect(writes).toHaveLength(2);
    expect(holds.boards()[0]?.model).toBe('another');
  });

  test('leaves no timer behind when it hangs up', async () => {
    const { ask } = queue();
    const gone = new AbortController();
    const asked = [ask({}, mac, address, gone.signal), ask({}, other, address, gone.signal)];

    gone.abort();

    expect(await Promise.all(asked)).toEqual(['wait', 'wait']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
