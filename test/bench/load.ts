/**
 * 1,000 nodes in the database: how long do `status` and a change of role take, alone and while 64 boards load their files?
 * Prints each number beside the one that is wanted. Needs root. Argument: a folder for a CPU profile of the service.
 */
import { availableParallelism, loadavg } from 'node:os';

import { compile } from '../support/compiled.ts';
import { StormSite } from '../support/storm-site.ts';
import { timeEach, type Timing } from '../support/timing.ts';

const nodeCount = 1000;
const boardCount = 64;
const wanted = { statusMs: 500, roleMs: 50 };

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

  const storm = await site.startStorm(boardCount);
  const busy = site.nodes.slice(300, 350);
  const change = (index: number) => site.setRole(busy[index], 'login');
  report(`PUT role, ${boardCount} boards load`, await timeEach(busy.length, change, { pauseMs: 100 }), wanted.roleMs);
  report(`status, ${boardCount} boards load`, await timeEach(5, status), wanted.statusMs);
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

function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`);
}
