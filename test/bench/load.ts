/**
 * 1,000 nodes in the database: how long do `status` and a change of role take, alone and while 64 boards load their files?
 * Prints each number beside the one that is wanted. Needs root. Argument: a folder for a CPU profile of the service.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';

import { compile } from '../support/compiled.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { StormSite } from '../support/storm-site.ts';
import { timeEach, type Timing } from '../support/timing.ts';

const nodeCount = 1000;
const boardCount = 64;
const wanted = { statusMs: 500, roleMs: 50, memoryMib: 200 };

const profile = process.argv[2];

await compile();
const site = new StormSite(nodeCount);
try {
  await site.open();
  const [load = 0] = loadavg();
  print(`${nodeCount} nodes; milliseconds, on ${availableParallelism()} processors with a load of ${load.toFixed(1)}`);
  const service = await site.serve(...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]));
  const status = () => site.command('status');
  report('a command that asks nobody', await timeEach(5, () => site.command('--version')));
  report('status, which plans every node', await timeEach(1, status));
  report('status', await timeEach(5, status), wanted.statusMs);
  const quiet = site.nodes.slice(200, 250);
  report('PUT role', await timeEach(quiet.length, (index) => site.setRole(quiet[index], 'login')), wanted.roleMs);

  await sayMemory(service, 'memory, no board loads');
  const storm = await site.startStorm(boardCount);
  const busy = site.nodes.slice(300, 350);
  const change = (index: number) => site.setRole(busy[index], 'login');
  report(`PUT role, ${boardCount} boards load`, await timeEach(busy.length, change, { pauseMs: 100 }), wanted.roleMs);
  report(`status, ${boardCount} boards load`, await timeEach(5, status), wanted.statusMs);
  await sayMemory(service, `memory, ${boardCount} boards load`);
  const { boots, bytes, seconds, stuck } = await storm.stop();
  const rate = Math.round(bytes / seconds / 1e6);
  print(
    `in ${Math.round(seconds)} s the boards loaded ${rate} MB/s, ${boots} of them all of it, ${stuck.length} gave up`,
  );
  for (const reason of stuck) print(`  ${reason}`);
  // Only a service that ends by itself writes its profile.
  await service.stop();
} finally {
  await site.close();
}

function report(what: string, { count, medianMs, worstMs }: Timing, wantedMs?: number): void {
  const numbers = count === 1 ? `${medianMs}` : `median ${medianMs}, worst ${worstMs} of ${count}`;
  print(`${what.padEnd(32)}${numbers.padEnd(34)}${wantedMs === undefined ? '' : `wanted: under ${wantedMs}`}`);
}

/** Resident, of all threads; and the most that it ever was. */
async function sayMemory({ pid }: NamespaceProgram, what: string): Promise<void> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024);
  print(
    `${what.padEnd(32)}${`${mib('VmRSS')} MiB, at most ${mib('VmHWM')}`.padEnd(34)}wanted: under ${wanted.memoryMib}`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`);
}
