/**
 * What a fleet of 1,000 nodes costs: changes of role, lists, status, and readers of events. Prints each number beside the
 * one that is wanted, and ends with 1 when one is missed. Needs root. BENCH_SHORT=1: fewer rounds, to see that it works.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { compile } from '../support/compiled.ts';
import { timeEach } from '../support/timing.ts';
import { median } from './figures.ts';
import { askInRow, askSteadily, percentile } from './fleet-requests.ts';
import { FleetSite } from './fleet-site.ts';
import { allHave, openReaders } from './fleet-streams.ts';

const isShort = process.env['BENCH_SHORT'] === '1';
const rounds = isShort ? 1 : 5;
const nodeCount = 1000;
const readerCount = 200;
const route = '/api/v1/nodes?limit=100';

let isMissed = false;
await compile();
const site = new FleetSite(nodeCount);
try {
  await site.open();
  const [load = 0] = loadavg();
  print(`${nodeCount} nodes, on ${availableParallelism()} processors with a load of ${load.toFixed(1)}\n`);
  print('| work | measured | must reach | reached |\n|---|---|---|---|');
  await site.serve();
  await roleChanges(36, 500);
  await roleChanges(nodeCount - 1, 3000);
  await lists();
  const { medianMs } = await timeEach(rounds, () => site.command('status'));
  report(`\`pi-image status\` of ${nodeCount} nodes`, `${medianMs} ms`, { value: medianMs, limit: 300, unit: 'ms' });
  await streams();
} finally {
  await site.close();
}
process.exitCode = isMissed ? 1 : 0;

/** There and back, so that each round begins with the same. */
async function roleChanges(count: number, limitMs: number): Promise<void> {
  // The first one is the controller, and stays.
  const changed = site.nodes.slice(1, count + 1);
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    took.push(await changeRoles(changed, 'login', 'people'), await changeRoles(changed, 'compute', 'computing'));
  }
  const value = Math.round(median(took));
  report(`role change of ${count === nodeCount - 1 ? nodeCount : count} nodes`, `${value} ms`, {
    value,
    limit: limitMs,
    unit: 'ms',
  });
}

/** @returns milliseconds until each of them would boot the new role, and its NFS server lets it mount the new share */
async function changeRoles(changed: FleetSite['nodes'], role: string, share: string): Promise<number> {
  const names = new Set(changed.map(({ name }) => name));
  const before = new Map((await site.answers()).map(({ name, status }) => [name, status.desired?.generation]));
  const beganMs = performance.now();
  await site.setRoles(changed, role);
  for (;;) {
    const mounters = await site.mounters(share);
    const behind = (await site.answers()).filter(({ name, address, role: has, status: { desired } }) => {
      const isNew = has === role && desired !== undefined && desired.generation !== before.get(name);
      return names.has(name) && (!isNew || !mounters.has(address));
    });
    if (behind.length === 0) break;
    if (performance.now() - beganMs > 60_000) throw new Error(`after a minute ${behind.length} nodes are behind`);
    await sleep(5);
  }
  const tookMs = performance.now() - beganMs;
  // Made when a node asks, from the nodes as they are: there is nothing to wait for, and it must be right.
  const isInSlurm = (await site.slurmNodes()).has(changed.at(-1)?.name ?? '');
  if (isInSlurm !== (role === 'compute')) throw new Error(`slurm.conf is not that of the role ${role}`);
  return tookMs;
}

async function lists(): Promise<void> {
  const file = path.join(site.fixture.dir, 'nodes.json');
  const plainSocket = path.join(site.fixture.dir, 'plain.sock');
  await writeFile(file, JSON.stringify(await site.answers()));
  const plain = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(import.meta.dirname, 'fleet-plain.ts'), plainSocket, file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(plain.stdout, 'data');
    const { socket } = site.fixture;
    await askInRow(socket, route, 200);
    await askInRow(plainSocket, route, 200);
    const took = await askSteadily(socket, route, { perSecond: 100, seconds: isShort ? 2 : 20 });
    const p99 = percentile(took, 99);
    report('GET /nodes (limit 100) at 100 a second, p99', `${p99.toFixed(1)} ms`, {
      value: p99,
      limit: 20,
      unit: 'ms',
    });
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const own = await askInRow(socket, route, isShort ? 100 : 500);
      ratios.push(own / (await askInRow(plainSocket, route, isShort ? 100 : 500)));
    }
    const ratio = median(ratios);
    report('one of them, beside a plain express handler', `${ratio.toFixed(2)}x`, {
      value: ratio,
      limit: 1.5,
      unit: 'x',
    });
  } finally {
    plain.kill();
  }
}

async function streams(): Promise<void> {
  const readers = await openReaders(site.fixture.socket, readerCount);
  try {
    await sleep(200);
    const delays: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const role of ['login', 'compute']) {
        await site.setRoles(site.nodes.slice(1, 257), role);
        const newest = Math.max(...readers.lastIds(), 1);
        delays.push(await allHave(readers, newest));
      }
    }
    await sleep(500);
    const counts = new Set(readers.counts());
    const told = [...counts].join(', ');
    const wanted = rounds * 2 * 256;
    const isWhole = counts.size === 1 && (readers.counts()[0] ?? 0) >= wanted;
    if (!isWhole) isMissed = true;
    print(
      `| events to ${readerCount} readers | ${told} each, the last within ${Math.round(Math.max(...delays))} ms | all ${wanted} | ${isWhole ? 'yes' : '**no**'} |`,
    );
  } finally {
    readers.close();
  }
}

function report(
  what: string,
  measured: string,
  { value, limit, unit }: { readonly value: number; readonly limit: number; readonly unit: string },
): void {
  const isReached = value <= limit;
  if (!isReached) isMissed = true;
  print(`| ${what} | ${measured} | <= ${limit} ${unit} | ${isReached ? 'yes' : '**no**'} |`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
