/** Which ports may be switched, with what power, and in what steps: tables. */
import { describe, expect, test } from 'vitest';

import { parseMac, type MacAddress } from '../../src/model/mac.ts';
import { NodeList, type NodeSpec } from '../../src/model/node.ts';
import { PowerPolicy, Switch, type PortPower, type PowerEntry } from '../../src/model/power.ts';
import { emptyState } from '../../src/model/state.ts';
import { decideBudget, wattsOf } from '../../src/plan/power-budget.ts';
import { begin, clear, open } from '../../src/plan/power-journal.ts';
import { givesUp, mayStart, planRest, planSteps, retryMs } from '../../src/plan/power-steps.ts';
import { decidePower, renderRefusals, type PowerQuestion, type SwitchFacts } from '../../src/plan/power.ts';
import type { LldpNeighbour, SwitchPort } from '../../src/plan/switch-tables.ts';
import { sampleNodesInput } from '../support/sample-view.ts';

const nodes = NodeList.parse(
  sampleNodesInput.slice(0, 2).map((node, index) => Object.assign({ power: { switch: 'sw1', port: index + 1 } }, node)),
);
const [node01, head] = nodes as [NodeSpec, NodeSpec];
const stranger = parseMac('02:00:00:00:00:01');
const more = parseMac('02:00:00:00:00:02');
const ours = parseMac('02:00:00:00:00:ff');
const macOf = ({ mac }: NodeSpec) => mac as MacAddress;

const port = (
  bridgePort: number,
  macs: readonly MacAddress[],
  neighbours: readonly LldpNeighbour[] = [],
): SwitchPort => ({
  bridgePort,
  ifIndex: 1000 + bridgePort,
  name: `gi${bridgePort}`,
  macs,
  neighbours,
});

const bridge: LldpNeighbour = { name: 'core', macs: [], isBridge: true };
const station: LldpNeighbour = { name: 'node01', macs: [macOf(node01)], isBridge: false };

interface Given {
  readonly action?: PowerQuestion['action'];
  readonly targets?: readonly NodeSpec[];
  /** What is behind ports 1, 2 and 24, of which the last one gives no power. */
  readonly learned?: readonly SwitchPort[];
  /** Power ports that none of what was learned is. */
  readonly lost?: readonly number[];
  /** What port 1 may be. */
  readonly disputed?: readonly SwitchPort[];
  readonly ports?: Readonly<Record<number, PortPower['power']>>;
  readonly settings?: object;
  readonly budget?: SwitchFacts['budget'];
  readonly promised?: number;
  readonly busy?: readonly string[];
  readonly blind?: boolean;
  readonly failure?: string;
}

function factsOf({ blind = false, disputed, lost = [], ports = { 1: 'on', 2: 'on' }, ...given }: Given): SwitchFacts {
  const learned = given.learned ?? [port(1, [macOf(node01)]), port(2, [macOf(head)]), port(24, [stranger, more])];
  const elsewhere = new Set([24, ...lost, ...(disputed === undefined ? [] : [1])]);
  const placed = learned.filter(({ bridgePort }) => !elsewhere.has(bridgePort));
  return {
    behind: blind ? undefined : new Map(placed.map((each) => [each.bridgePort, each])),
    disputed: new Map(disputed === undefined ? [] : [[1, disputed]]),
    learned: blind ? [] : learned,
    ports: new Map(Object.entries(ports).map(([number, power]) => [Number(number), { power }])),
    budget: given.budget,
  };
}

function decide({ action = 'off', targets = [node01], settings = {}, failure, ...given }: Given = {}): string[] {
  const facts = factsOf(given);
  const decision = decidePower({
    action,
    targets,
    nodes,
    switches: { sw1: Switch.parse({ driver: 'snmp', host: 'sw1', ...settings }) },
    policy: PowerPolicy.parse({}),
    facts: new Map([['sw1', failure === undefined ? facts : { failure }]]),
    ownMacs: [ours],
    busy: new Set(given.busy),
    promised: new Map([['sw1', given.promised ?? 0]]),
  });
  if (decision.kind === 'refused') return decision.refusals.map(({ node, reason }) => `${node}: ${reason}`);
  return decision.choices.map(({ node, isSo }) => `${node} ${isSo ? 'is so' : 'may'}`);
}

describe('off', () => {
  test.each<[string, Given, string]>([
    ['its board alone', {}, 'node01 may'],
    [
      'nothing there: it hangs, and its address is forgotten',
      { learned: [port(1, []), port(24, [more])] },
      'node01 may',
    ],
    ['it says itself by LLDP who it is', { learned: [port(1, [macOf(node01)], [station])] }, 'node01 may'],
    ['it is off', { ports: { 1: 'off' } }, 'node01 is so'],
    [
      'several boards',
      { learned: [port(1, [macOf(node01), stranger, more])] },
      `node01: port 1 of sw1 has 3 MAC addresses behind it: ${macOf(node01)}, ${stranger}, ${more}`,
    ],
    [
      'several that are its own',
      { learned: [port(1, [macOf(node01), more])], settings: { trusted: [1] } },
      'node01 may',
    ],
    [
      'a bridge that was silent lately',
      { learned: [port(1, [], [bridge]), port(2, [macOf(head)])] },
      'node01: port 1 of sw1 has a bridge behind it, which calls itself core',
    ],
    [
      'this storage node, whatever is trusted',
      { learned: [port(1, [macOf(node01), ours])], settings: { trusted: [1] } },
      `node01: port 1 of sw1 leads to this storage node (${ours})`,
    ],
    ['an uplink', { settings: { uplinks: [1] } }, 'node01: port 1 of sw1 is one of its uplinks'],
    [
      "another node's board, though it is trusted",
      { learned: [port(1, [macOf(head)])], settings: { trusted: [1] } },
      'node01: port 1 of sw1 has the board of head behind it',
    ],
    [
      'its board is elsewhere',
      { learned: [port(1, []), port(5, [macOf(node01)])] },
      'node01: port 1 of sw1 does not have the board of node01 behind it: that is behind port 5',
    ],
    [
      'a board that nobody knows',
      { learned: [port(1, [stranger])] },
      `node01: port 1 of sw1 has ${stranger} behind it, which is not the board of node01 (${macOf(node01)})`,
    ],
    [
      'a switch that has learned nothing at all',
      { learned: [port(1, []), port(2, [])] },
      'node01: port 1 of sw1 cannot be judged: the switch does not tell what it has learned',
    ],
    ['the same, and its owner answers for it', { learned: [port(1, [])], settings: { trusted: [1] } }, 'node01 may'],
    [
      'a port that is none of those that the switch knows',
      { lost: [1] },
      'node01: port 1 of sw1 cannot be judged: it is none of the ports of which the switch tells what is behind',
    ],
    ['the same, and its owner answers for it', { lost: [1], settings: { trusted: [1] } }, 'node01 may'],
    [
      'the same, and its board is at a port that is known',
      { lost: [1], learned: [port(2, [macOf(node01)])], settings: { trusted: [1] } },
      'node01: port 1 of sw1 does not have the board of node01 behind it: that is behind port 2',
    ],
    [
      'a port that may be either of two',
      { disputed: [port(1, [macOf(node01)]), port(2, [macOf(head)])] },
      'node01: port 1 of sw1 cannot be judged: it may be gi1 or gi2, and others are behind each',
    ],
    [
      'the same, and its owner answers for it',
      { disputed: [port(1, [macOf(node01)]), port(2, [macOf(head)])], settings: { trusted: [1] } },
      'node01 may',
    ],
    [
      'one of the two leads to this storage node, whatever is trusted',
      { disputed: [port(1, [macOf(node01)]), port(2, [ours])], settings: { trusted: [1] } },
      `node01: port 1 of sw1 leads to this storage node (${ours})`,
    ],
    ['a driver that cannot know', { blind: true, settings: { driver: 'command' } }, 'node01 may'],
    ['a port without power', { ports: { 2: 'on' } }, 'node01: sw1 has no port 1 that gives power'],
    ['a switch that is silent', { failure: 'sw1 does not answer' }, 'node01: sw1 does not answer'],
    ['being switched', { busy: ['sw1/1'] }, 'node01: port 1 of sw1 is being switched already'],
    ['by hand', { settings: { driver: 'none' } }, 'node01: sw1 is switched by hand: its driver is none'],
  ])('%s', (_name, given, expected) => {
    expect(decide(given)).toEqual([expected]);
    // What may not go off may not be cycled either.
    if (!expected.endsWith('is so')) expect(decide({ ...given, action: 'cycle' })).toEqual([expected]);
  });

  test('a node without a port, or with a switch that is gone', () => {
    const { power: _none, ...bare } = node01;
    const lost = { ...node01, power: { switch: 'sw9', port: 1 } };

    expect(decide({ targets: [bare] })).toEqual(['node01: it is not known which switch port feeds node01']);
    expect(decide({ targets: [lost] })).toEqual(['node01: there is no switch sw9']);
  });

  test('one that may not go off keeps all of them on', () => {
    expect(decide({ targets: [node01, head], settings: { uplinks: [2] } })).toEqual([
      'head: port 2 of sw1 is one of its uplinks',
    ]);
  });
});

describe('on', () => {
  const off = { action: 'on', ports: { 1: 'off', 2: 'off' }, targets: [node01, head] } as const;

  test.each<[string, Given, string[]]>([
    ['what would keep it on does not keep it off', { ...off, settings: { uplinks: [1] } }, ['node01 may', 'head may']],
    ['there is enough', { ...off, budget: { watts: 60, usedWatts: 10 } }, ['node01 may', 'head may']],
    [
      'there is not enough for both',
      { ...off, budget: { watts: 60, usedWatts: 20 } },
      ['node01: sw1 has 40 W of 60 W left, and these 2 boards need 45.4 W'],
    ],
    [
      'others were promised theirs',
      { ...off, budget: { watts: 60, usedWatts: 10 }, promised: 30 },
      ['node01: sw1 has 20 W of 60 W left, and these 2 boards need 45.4 W'],
    ],
    [
      'one of them has it already',
      { ...off, ports: { 1: 'off', 2: 'on' }, budget: { watts: 60, usedWatts: 25 } },
      ['node01 may', 'head is so'],
    ],
  ])('%s', (_name, given, expected) => {
    expect(decide(given)).toEqual(expected);
  });
});

test('watts of a board are those of its class, unless its owner has measured', () => {
  expect(wattsOf(node01, PowerPolicy.parse({}))).toBe(30);
  expect(wattsOf(node01, PowerPolicy.parse({ watts: { pi5: 12 } }))).toBe(12);
});

test('how many fit is said', () => {
  const wanted = ['a', 'b', 'c'].map((node) => ({ node, watts: 15 }));
  const facts = (watts: number) => ({ budget: { watts, usedWatts: 0 }, promised: 0 });

  expect(decideBudget('sw1', wanted, facts(44))).toMatchObject({
    hint: expect.stringMatching(/^Switch on 2 of them/) as never,
  });
  expect(decideBudget('sw1', wanted, facts(5))).toMatchObject({
    hint: expect.stringMatching(/^Switch another/) as never,
  });
  expect(decideBudget('sw1', wanted, { budget: undefined, promised: 0 })).toEqual({ kind: 'enough' });
});

test('several refusals are a list with the first hint', () => {
  const two = [
    { node: 'a', reason: 'x' },
    { node: 'b', reason: 'y', hint: 'Do z.' },
  ];

  expect(renderRefusals('cycle', two)).toEqual({
    message: '2 nodes are not cycled, so none is\na: x\nb: y',
    hint: 'Do z.',
  });
  expect(renderRefusals('on', two.slice(0, 1))).toEqual({ message: 'a is not switched on: x' });
});

describe('steps', () => {
  test('a cycle is off, at least 5 s, and on', () => {
    const turn = { kind: 'turn' };
    const on = { kind: 'switch', wanted: 'on' };

    expect(planSteps('cycle', 1000)).toEqual([{ kind: 'switch', wanted: 'off' }, { kind: 'wait', ms: 5000 }, turn, on]);
    expect(planSteps('cycle', 8000)[1]).toEqual({ kind: 'wait', ms: 8000 });
    expect(planSteps('off', 8000)).toEqual([{ kind: 'switch', wanted: 'off' }]);
    expect(planRest('cycle', 8000)).toEqual([{ kind: 'wait', ms: 8000 }, turn, on]);
    expect(planRest('on', 8000)).toEqual([turn, on]);
  });

  test('what was switched off is never given up', () => {
    expect([1, 2, 3, 1000].map((tries) => givesUp('cycle', tries))).toEqual([false, false, false, false]);
    expect([1, 2, 3].map((tries) => givesUp('on', tries))).toEqual([false, false, true]);
    expect([1, 2, 6, 100].map(retryMs)).toEqual([2000, 4000, 60_000, 60_000]);
  });

  test.each([
    [0, 2, true],
    [1, 2, true],
    [2, 2, false],
  ])('%d that load, %d at once', (loading, atOnce, may) => {
    const starting = Array.from({ length: loading }, () => ({ sinceMs: 1000, hasLoaded: false }));

    expect(mayStart(starting, atOnce, 2000)).toBe(may);
    expect(mayStart([...starting, { sinceMs: 1000, hasLoaded: true }], atOnce, 2000)).toBe(may);
    // One that says nothing for a minute and a half is not loading.
    expect(mayStart(starting, atOnce, 91_000)).toBe(true);
  });
});

test('the journal holds what is still to be switched on', () => {
  const entry = (node: string, name: string, number: number, askedMs: number): PowerEntry => {
    return { node, switch: name, port: number, action: 'cycle', askedMs, by: 'ci' };
  };
  const one = entry('node01', 'sw1', 1, 2000);
  const other = entry('head', 'sw2', 1, 1000);

  const begun = begin(emptyState, [one, other]);
  expect(Object.keys(begun.powerJournal)).toEqual(['sw1/1', 'sw2/1']);
  expect(open(begun.powerJournal, { sw1: {}, sw2: {} })).toEqual({ entries: [other, one], lost: [] });
  expect(open(begun.powerJournal, { sw1: {} })).toEqual({ entries: [one], lost: [other] });
  expect(clear(clear(begun, one), other).powerJournal).toEqual({});
  expect(clear(emptyState, one)).toBe(emptyState);
  expect(begin(emptyState, [])).toBe(emptyState);
});
