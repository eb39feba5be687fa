/**
 * kill -9 of the service at every write of its state, while a board boots and roles change: what was acknowledged is there
 * when it is started again, nothing is half there, and the boot in flight goes on to `ready`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { adopt, Admin, makeToken, setRole, type AdminCall } from '../support/chaos-admin.ts';
import { findHalf, findLost } from '../support/chaos-check.ts';
import type { AdminFact, BoardFact } from '../support/chaos-facts.ts';
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
  const work = workOn(admin, board, over.signal);
  const wasKilled = await Promise.race([isKilled(victim), work.then(() => false)]);
  over.abort();
  const told = [...admin.facts, ...factsOf(board)];
  const problems = wasKilled ? await goOn(site, board, told) : [];
  if (!wasKilled) await victim.stop();
  await work;
  const disk = await site.disk();
  const boots = disk.boots.map((boot) => `${boot.node} ${boot.closed?.reason ?? 'open'}`);
  problems.push(...findLost([...told, ...factsOf(board)], disk, node.name), ...findHalf(disk));
  if (boots.join() !== `${node.name} ready`) problems.push(`at the end there are the boots: ${boots.join(', ')}`);
  return { point, wasKilled, problems: problems.length === 0 ? [] : [...problems, ...victim.lines.slice(-20)] };
}

async function workOn(admin: Admin, board: NamespaceProgram, signal: AbortSignal): Promise<void> {
  await Promise.all([board.line(/"done"|"stuck"/), administrate(admin, board, signal)]);
  // What is amended reaches the disk within a second.
  if (!signal.aborted) await sleep(1500);
}

/** An end of its own is a fault, and no kill. */
async function isKilled({ ended, lines }: NamespaceProgram): Promise<true> {
  const code = await ended;
  if (code !== null) throw new Error(`the service was not killed, it ended (${code}):\n${lines.join('\n')}`);
  return true;
}

/** The service is started again, and stopped when the board has got to its end. @returns what is lost or half */
async function goOn(site: ChaosSite, board: NamespaceProgram, told: readonly (AdminFact | BoardFact)[]) {
  const disk = await site.disk();
  const second = await site.serve();
  await board.line(/"done"|"stuck"/);
  await second.stop();
  return [...findLost(told, disk, node.name), ...findHalf(disk)];
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

      const broken = cycles.filter(({ problems }) => problems.length > 0);
      expect(broken.map(({ point, problems }) => `${point.call} ${point.count}: ${problems.join('\n  ')}`)).toEqual([]);
      expect(cycles.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThanOrEqual(atLeast);
    },
    allMinutesMs,
  );
});
