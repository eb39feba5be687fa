/**
 * Boards that boot over and over among hostile neighbours, for an hour or `--minutes N`: does the service's memory stay
 * flat? Prints it over time; exit code 1 when it has grown or a board did not boot. Needs root, runs what is compiled.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { compile } from '../support/compiled.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, boards: { type: 'string', default: '64' } },
});
const minutes = Number(values.minutes);

/** Caches fill, and the engine sizes its heap, in the first quarter; after that a tenth more is growth. */
const mostGrowth = 1.1;
const printEverySeconds = Math.max((minutes * 60) / 60, 10);

const main = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const flood = 'discover=200,halfOpen=50,spoofedAck=200,oversized=50';
const weather = ['--loss', '0.3', '--duplicate', '0.1', '--reorder', '0.1', '--die', '10', '--flood', flood];
const time = ['--repeat', `${minutes}m`, '--deadline', `${minutes + 15}m`];

interface Sample {
  readonly seconds: number;
  readonly megabytes: number;
}

await compile();
const samples: Sample[] = [];
const storm = spawn(process.execPath, [main, 'rack', 'storm', '--boards', values.boards, ...time, ...weather], {
  stdio: ['ignore', 'inherit', 'pipe'],
});
let printedSeconds = -Infinity;
createInterface(storm.stderr).on('line', (line) => {
  const [, seconds, megabytes] = /^ *(\d+) s .*service (\d+) MB$/.exec(line) ?? [];
  if (seconds === undefined) return print(line);
  samples.push({ seconds: Number(seconds), megabytes: Number(megabytes) });
  if (Number(seconds) - printedSeconds < printEverySeconds) return;
  printedSeconds = Number(seconds);
  print(line);
});
const code = await new Promise<number>((resolve) => {
  storm.once('close', (exitCode) => resolve(exitCode ?? 1));
});
const isGrowing = hasGrown();
process.exitCode = code !== 0 || isGrowing ? 1 : 0;

function hasGrown(): boolean {
  const total = minutes * 60;
  const median = (from: number, to: number) => {
    const part = samples.filter(({ seconds }) => seconds >= from * total && seconds < to * total);
    return part.map(({ megabytes }) => megabytes).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  };
  const quarters = [0, 0.25, 0.5, 0.75].map((from) => median(from, from + 0.25));
  const [, second = 0, , last = 0] = quarters;
  const hasMore = last > second * mostGrowth;
  const perHour = slope(samples.filter(({ seconds }) => seconds >= total / 4)).toFixed(1);
  print(`median of each quarter: ${quarters.join(', ')} MB: ${hasMore ? 'it has grown' : 'flat'}`);
  print(`from the second quarter on: ${perHour} MB an hour`);
  return hasMore;
}

/** Of the line with the least squares, in MB an hour. */
function slope(points: readonly Sample[]): number {
  const mean = (of: (point: Sample) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const middle = { seconds: mean(({ seconds }) => seconds), megabytes: mean(({ megabytes }) => megabytes) };
  const spread = mean(({ seconds }) => (seconds - middle.seconds) ** 2);
  const common = mean(({ seconds, megabytes }) => (seconds - middle.seconds) * (megabytes - middle.megabytes));
  return (common / spread) * 3600;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
