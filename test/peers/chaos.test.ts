/**
 * kill -9 of the service at every write of its state, while a board boots and roles change: what was acknowledged is there
 * when it is started again, nothing is half there, and the boot in flight goes on to `ready`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { adopt, Admin, makeToken, setRole, type AdminCall } from '../support/chaos-admin.ts';
import { findHalf, findLost } from '../support/chaos-check.ts';
import type { BoardFact } from '../support/chaos-facts.ts';
import { ChaosSite, idle, node, stranger } from '../support/chaos-site.ts';
import { compile } from '../support/compiled.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import type { KillPoint } from '../support/strace.ts';

/** More would wait for the processor, and fewer for the pauses of the service. */
const laneCount = 3;

const allMinutesMs = 15 * 60_000;

let lanes: ChaosSite[] = [];
beforeAll(async () => {
  await compile();
  lanes = Array.from({ length: laneCount }, () => new ChaosSite());
  await Promise.all(lanes.map((lane) => lane.open()));
}, 120_000);
afterAll(async () => {
  for (const lane of lanes) await lane.close();
});

interface Cycle {
  readonly point: KillPoint;
  readonly wasKilled: boolean;
  /** Empty when all is well. */
  readonly problems: readonly string[];
}

const factsOf = ({ lines }: NamespaceProgram) => lines.map((line) => JSON.parse(line) as BoardFact);
const offered = (mac: string) => new RegExp(`"offer","mac":"${mac}"`);

/** Until the service is gone. */
async function administrate(admin: Admin, board: NamespaceProgram, signal: AbortSignal): Promise<void> {
  if (!(await admin.waitForService(20_000))) return;
  admin.follow(signal);
  const calls: readonly (AdminCall | RegExp)[] = [
    setRole(idle.name, 'login'),
    makeToken('ci'),
    offered(stranger.mac),
    adopt(stranger.mac, { name: 'node03', role: 'compute', address: '10.42.0.13' }),
    setRole(idle.name, 'compute'),
    /"phase":"network"/,
    setRole(node.name, 'login'),
  ];
  for (const next of calls) {
    if (signal.aborted) return;
    if (next instanceof RegExp) await Promise.race([board.line(next), aborted(signal)]);
    else if (!(await admin.call(next))) return;
  }
}

async function runCycle(site: ChaosSite, point: KillPoint): Promise<Cycle> {
  await site.reset();
  const victim = site.startKilled(point);
  const board = site.startBoard();
  const admin = new Admin(site.fixture.socket);
  const over = new AbortController();
  const quiet = async () => {
    await Promise.all([board.line(/"done"|"stuck"/), administrate(admin, board, over.signal)]);
    // What is amended reaches the disk within a second.
    await sleep(1500);
  };
  const work = quiet();
  const wasKilled = await Promise.race([victim.ended.then(() => true), work.then(() => false)]);
  over.abort();
  if (!wasKilled) {
    await victim.stop();
    return { point, wasKilled, problems: [] };
  }
  const told = [...admin.facts, ...factsOf(board)];
  const atKill = await site.disk();
  const second = await site.serve();
  await board.line(/"done"|"stuck"/);
  await second.stop();
  const atEnd = await site.disk();
  await work;
  const ended = atEnd.boots.map((boot) => `${boot.node} ${boot.closed?.reason ?? 'open'}`);
  const problems = [
    ...findLost(told, atKill, node.name),
    ...findHalf(atKill),
    ...findLost([...told, ...factsOf(board)], atEnd, node.name),
    ...findHalf(atEnd),
    ...(ended.join() === `${node.name} ready` ? [] : [`at the end there are the boots: ${ended.join(', ')}`]),
  ];
  const log = [...victim.lines.slice(-5), ...second.lines.slice(-20)];
  return { point, wasKilled, problems: problems.length === 0 ? [] : [...problems, ...log] };
}

async function aborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(50);
}

/** One kill after the other, in all lanes, each `stride` calls later, until the service outlives its work. */
async function killAtEvery(pointOf: (site: ChaosSite, count: number) => KillPoint, stride = 1): Promise<Cycle[]> {
  const cycles: Cycle[] = [];
  let next = 1;
  let isThrough = false;
  await Promise.all(
    lanes.map(async (site) => {
      while (!isThrough) {
        const count = next;
        next += stride;
        const cycle = await runCycle(site, pointOf(site, count));
        cycles.push(cycle);
        isThrough ||= !cycle.wasKilled;
      }
    }),
  );
  return cycles;
}

describe('killed', () => {
  test.each<[string, (site: ChaosSite, count: number) => KillPoint, number, number]>([
    ['before a transaction is made to last', (site, count) => ({ call: 'fsync', file: site.log, count }), 1, 12],
    ['in the middle of a transaction', (site, count) => ({ call: 'pwrite64', file: site.log, count }), 7, 8],
    ['before a generation gets its name', (_site, count) => ({ call: 'rename', file: undefined, count }), 1, 1],
  ])(
    '%s',
    async (_name, pointOf, stride, atLeast) => {
      const cycles = await killAtEvery(pointOf, stride);

      const kills = cycles.filter(({ wasKilled }) => wasKilled);
      const broken = kills.filter(({ problems }) => problems.length > 0);
      expect(broken.map(({ point, problems }) => `${point.call} ${point.count}: ${problems.join('\n  ')}`)).toEqual([]);
      expect(kills.length).toBeGreaterThanOrEqual(atLeast);
    },
    allMinutesMs,
  );
});
