import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { State } from '../../src/model/state.ts';
import { dhcpRecorder } from '../../src/serve/dhcp-record.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode } from '../support/sample-view.ts';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
beforeEach(async () => {
  sample = await sampleBoots();
});
afterEach(() => sample.remove());

const node01 = sampleNode('node01');
const board = (last: string) => {
  return { mac: parseMac(`02:00:00:00:00:${last}`), address: parseIpv4(`10.42.0.2${last}`) };
};
const stranger = (last: string) => ({ kind: 'board', board: board(last), isNew: true }) as const;

function recorder(update?: () => Promise<void>) {
  const { database, boots, site, health, log, world } = sample;
  const { state } = database;
  let changes = 0;
  const counted: typeof state.update = (change, events) => {
    changes += 1;
    return update === undefined ? state.update(change, events) : update();
  };
  const made = dhcpRecorder({
    site,
    boots,
    health,
    log,
    state: { amend: state.amend, update: counted },
    now: () => world.nowMs,
  });
  const problems = () => health.parts().find(({ name }) => name === 'state')?.problems;
  return { ...made, problems, changes: () => changes, now: (): State => state.current() };
}

test('boards of one turn are one change, and all are there when it has been written', async () => {
  const { record, changes, now } = recorder();

  await Promise.all(['01', '02', '03'].map((last) => record(stranger(last))));

  expect(changes()).toBe(1);
  expect(now().unknownBoards).toMatchObject([board('01'), board('02'), board('03')]);
  expect(sample.lines.filter((line) => line.startsWith('board.unknown'))).toHaveLength(3);
});

test('a board that is heard again is noted a while later, unless it is no unknown board any more', async () => {
  const { record, sign, now } = recorder();
  await record(stranger('01'));

  sample.world.nowMs += 1000;
  for (const last of ['01', '02', '01']) sign({ kind: 'board', board: board(last) });

  const heard = { ...board('01'), lastSeenMs: sample.world.nowMs };
  await vi.waitFor(() => expect(now().unknownBoards).toMatchObject([heard]), { timeout: 5000 });
});

test('what the disk does not take is an error to who asked, and told until it takes something', async () => {
  let isFull = true;
  const { record, problems } = recorder(() => {
    return isFull ? Promise.reject(new HostError('the disk is full')) : Promise.resolve();
  });

  await expect(record(stranger('01'))).rejects.toThrow('the disk is full');
  await expect(record({ kind: 'mac', node: 'login', mac: board('02').mac })).rejects.toThrow('the disk is full');
  expect(problems()).toEqual(['what DHCP has seen cannot be written down: the disk is full']);

  isFull = false;
  await record(stranger('02'));
  expect(problems()).toEqual([]);
});

describe('what has changed while the question was on its way is refused', () => {
  test.each([
    [
      'a board that is a node now',
      { ...stranger('01'), board: { ...board('01'), mac: node01.mac ?? board('02').mac } },
    ],
    ['an address that a node has now', { ...stranger('01'), board: { ...board('01'), address: node01.address } }],
    ['a MAC of a node that is gone', { kind: 'mac', node: 'gone', mac: board('01').mac } as const],
    ['a MAC that another node has', { kind: 'mac', node: 'login', mac: node01.mac ?? board('01').mac } as const],
  ])('%s', async (_name, asked) => {
    const { record, changes, problems } = recorder();

    await expect(record(asked)).rejects.toThrow(/has the|no node/);
    expect([changes(), problems() ?? []]).toEqual([0, []]);
  });
});

test('a MAC is learned', async () => {
  const { record, now } = recorder();

  await record({ kind: 'mac', node: 'login', mac: board('01').mac });

  expect(now().learnedMacs).toEqual({ login: board('01').mac });
});

test("a DISCOVER of a node's firmware begins its boot, before the next file is asked for", async () => {
  const { sign } = recorder();

  sign({ kind: 'discover', node: 'node01', mac: node01.mac ?? board('01').mac });
  const arrival = await sample.boots.arrive(node01, 'm', 'read');

  expect(arrival).toMatchObject({ kind: 'boot', boot: { phases: [{ phase: 'offered' }] } });
  expect(sample.boots.all()).toHaveLength(1);
});

test('a boot that cannot begin is told, and nothing else', async () => {
  sample.world.view = { ...sample.world.view, images: new Map() };
  const { sign } = recorder();

  sign({ kind: 'discover', node: 'node01', mac: node01.mac ?? board('01').mac });
  sign({ kind: 'discover', node: 'nobody', mac: board('01').mac });

  await expect.poll(() => sample.lines.join()).toContain('boot.refused {"node":"node01"');
});
