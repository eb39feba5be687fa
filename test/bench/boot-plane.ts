/**
 * How fast boards are served, beside the servers that people run today. Prints a table of ratios; exit code 1 when one of
 * them is not what is promised. Needs root, and cc. Arguments: rounds (5), and which rows (all; words of their titles).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { compile } from '../support/compiled.ts';
import { BenchSite, compileLoad } from './bench-site.ts';
import { DhcpBench, type DhcpContender, type DhcpResult } from './dhcp-bench.ts';
import { isKept, median, renderPromise, type Promised } from './figures.ts';
import { OtherServers } from './servers.ts';
import {
  allFiles,
  filesUnderLoss,
  smallFiles,
  TftpBench,
  type TftpContender,
  type TftpPoint,
  type TftpResult,
} from './tftp-bench.ts';

const [roundsWanted = '5', ...words] = process.argv.slice(2);
const rounds = Number(roundsWanted);
const isWanted = (title: string) => words.length === 0 || words.some((word) => title.includes(word));

/** node0001 to node0256 are Pi 4, which wait a second before they get a block again, the next 256 Pi 5. */
const nodes = BenchSite.nodes(2000, (index) => (index < 256 ? 'pi4' : 'pi5'));
const pi4s = (count: number) => nodes.slice(0, count);
const pi5s = (count: number) => nodes.slice(256, 256 + count);

interface TftpRow {
  readonly title: string;
  readonly point: TftpPoint;
  readonly promises: readonly TftpPromise[];
}

/** Ours divided by theirs. */
interface TftpPromise {
  readonly of: keyof typeof tftpFigures;
  readonly than: TftpContender;
  readonly wanted: Promised['wanted'];
}

const tftpFigures = {
  throughput: (result: TftpResult) => result.megabytesPerSecond,
  'CPU per GB': (result: TftpResult) => result.cpuSecondsPerGb,
  /** Boots in a time, so that more is better. */
  speed: (result: TftpResult) => 1 / result.medianBootMs,
} as const;

const usual = { windowSize: 1, lossPerMille: 0, files: allFiles };
const tftpRows: readonly TftpRow[] = [
  {
    title: 'TFTP, 64 boards',
    point: { ...usual, boards: pi4s(64) },
    promises: [
      { of: 'throughput', than: 'dnsmasq', wanted: { atLeast: 1.05 } },
      { of: 'CPU per GB', than: 'dnsmasq', wanted: { atMost: 0.95 } },
      { of: 'CPU per GB', than: 'tftpd-hpa', wanted: { atMost: 0.35 } },
      { of: 'CPU per GB', than: 'atftpd', wanted: { atMost: 0.45 } },
    ],
  },
  {
    title: 'TFTP, 256 boards',
    point: { ...usual, boards: pi4s(256), files: smallFiles },
    promises: [
      { of: 'throughput', than: 'dnsmasq', wanted: { atLeast: 1.05 } },
      { of: 'CPU per GB', than: 'dnsmasq', wanted: { atMost: 0.9 } },
      { of: 'CPU per GB', than: 'tftpd-hpa', wanted: { atMost: 0.35 } },
      { of: 'CPU per GB', than: 'atftpd', wanted: { atMost: 0.45 } },
    ],
  },
  {
    title: 'TFTP windowsize 16, 64 boards',
    point: { ...usual, boards: pi4s(64), windowSize: 16 },
    promises: [{ of: 'CPU per GB', than: 'atftpd', wanted: { atMost: 0.3 } }],
  },
  {
    title: 'TFTP, 1 board',
    point: { ...usual, boards: pi4s(1) },
    promises: [{ of: 'throughput', than: 'dnsmasq', wanted: { atLeast: 0.7 } }],
  },
  {
    title: 'TFTP, 1 % of the packets lost, Pi 5',
    point: { ...usual, boards: pi5s(8), files: filesUnderLoss, lossPerMille: 10 },
    promises: [{ of: 'speed', than: 'dnsmasq', wanted: { atLeast: 4 } }],
  },
  {
    title: 'TFTP, 1 % of the packets lost, Pi 4',
    point: { ...usual, boards: pi4s(8), files: filesUnderLoss, lossPerMille: 10 },
    promises: [{ of: 'speed', than: 'dnsmasq', wanted: { atLeast: 1.7 } }],
  },
];

const boardsOfDhcp = 2000;
const dhcpRow = {
  title: `DHCP, ${boardsOfDhcp} boards, 32 at a time`,
  promises: [
    { of: 'pi-image reserved', than: 'kea', wanted: { atLeast: 0.9 } },
    { of: 'pi-image pool', than: 'kea', wanted: { atLeast: 0.4 } },
    { of: 'pi-image pool', than: 'dnsmasq', wanted: { atLeast: 10 } },
  ],
} as const satisfies {
  title: string;
  promises: readonly { of: DhcpContender; than: DhcpContender; wanted: unknown }[];
};

const mostRssBytes = 200e6;

const dir = await mkdtemp(path.join(tmpdir(), 'bench-'));
const site = new BenchSite(nodes);
const promised: Promised[] = [];
const broken: string[] = [];
await compile();
const servers = await OtherServers.unpack(dir);
await site.open();
try {
  const [load = 0] = loadavg();
  print(
    `${availableParallelism()} x ${cpus()[0]?.model ?? 'processor'}, load ${load.toFixed(1)}, Node ${process.version}`,
  );
  print(`datagrams: ${openDatagrams().kind}; ${rounds} rounds, medians\n`);
  const tftp = new TftpBench(site, servers, await compileLoad('tftp-load', dir));
  for (const row of tftpRows.filter(({ title }) => isWanted(title))) await measureTftp(tftp, row);
  const dhcp = new DhcpBench(site, servers, await compileLoad('dhcp-load', dir));
  if (isWanted(dhcpRow.title)) await measureDhcp(dhcp);
} finally {
  await site.close();
  await rm(dir, { recursive: true, force: true });
}
print('\n| pi-image, as a multiple | median | rounds | wanted | reached |\n|---|---|---|---|---|');
for (const each of promised) print(renderPromise(each));
for (const sentence of broken) print(`\n**${sentence}**`);
process.exitCode = promised.every(isKept) && broken.length === 0 ? 0 : 1;

async function measureTftp(bench: TftpBench, { title, point, promises }: TftpRow): Promise<void> {
  const contenders: TftpContender[] = ['pi-image', ...new Set(promises.map(({ than }) => than))];
  const results = await inRounds(contenders, (contender) => bench.measure(contender, point));
  print(`${title}, ${point.files.length} files each\n`);
  print(
    '| server | MB/s | CPU s/GB | median boot s | peak RSS MB | boots | boards that waited 2 s |\n|---|---|---|---|---|---|---|',
  );
  for (const [contender, of] of results) print(renderTftp(contender, of, point.boards.length));
  print('');
  for (const { of, than, wanted } of promises) {
    promised.push({
      what: `${title}: ${of}, ${than}`,
      ratios: ratios(results, { one: 'pi-image', than }, tftpFigures[of]),
      wanted,
    });
  }
  checkOurs(title, results.get('pi-image') ?? [], point);
}

/** What no median may hide. */
function checkOurs(title: string, ours: readonly TftpResult[], { lossPerMille }: TftpPoint): void {
  const failed = ours.reduce((sum, result) => sum + result.failed, 0);
  const waited = ours.reduce((sum, result) => sum + result.clientTimeouts, 0);
  const rss = Math.max(...ours.map(({ peakRssBytes }) => peakRssBytes));
  if (failed > 0)
    broken.push(
      `${title}: ${failed} boots failed, for example ${ours.find(({ trouble }) => trouble !== '')?.trouble ?? ''}`,
    );
  if (waited > 0 && lossPerMille === 0) broken.push(`${title}: boards waited ${waited} times for 2 s`);
  if (rss > mostRssBytes)
    broken.push(`${title}: the service took ${Math.round(rss / 1e6)} MB, more than ${mostRssBytes / 1e6}`);
}

async function measureDhcp(bench: DhcpBench): Promise<void> {
  const contenders: DhcpContender[] = ['pi-image reserved', 'pi-image pool', 'kea', 'dnsmasq'];
  const results = await inRounds(contenders, (contender) => bench.measure(contender, boardsOfDhcp));
  print(`${dhcpRow.title}, twice\n`);
  print(
    '| server | addresses/s | CPU us each | median ms | failed | twice the same | asked again |\n|---|---|---|---|---|---|---|',
  );
  for (const [contender, of] of results) print(renderDhcp(contender, of));
  const figure = (result: DhcpResult) => result.exchangesPerSecond;
  for (const { of, than, wanted } of dhcpRow.promises) {
    promised.push({
      what: `${dhcpRow.title}: ${of}, ${than}`,
      ratios: ratios(results, { one: of, than }, figure),
      wanted,
    });
  }
  for (const [contender, of] of results) {
    const wrong = of.filter(({ failed, twins }) => failed + twins > 0).length;
    if (wrong > 0 && contender.startsWith('pi-image'))
      broken.push(`${contender}: boards without an address, or with that of another`);
  }
}

/** One server after the other in each round, so that a busy minute of the machine hits all. */
async function inRounds<Name, Result>(
  names: readonly Name[],
  measure: (name: Name) => Promise<Result>,
): Promise<Map<Name, Result[]>> {
  const results = new Map<Name, Result[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results.get(name)?.push(await measure(name));
  }
  return results;
}

function ratios<Name, Result>(
  results: ReadonlyMap<Name, readonly Result[]>,
  { one, than }: { one: Name; than: Name },
  figure: (result: Result) => number,
): number[] {
  const theirs = results.get(than) ?? [];
  return (results.get(one) ?? []).flatMap((result, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [figure(result) / figure(other)];
  });
}

function renderTftp(contender: TftpContender, results: readonly TftpResult[], boards: number): string {
  const of = (figure: (result: TftpResult) => number) => median(results.map(figure));
  const figures = [
    of((result) => result.megabytesPerSecond).toFixed(0),
    of((result) => result.cpuSecondsPerGb).toFixed(2),
    of((result) => result.medianBootMs / 1000).toFixed(2),
    of((result) => result.peakRssBytes / 1e6).toFixed(0),
    `${of((result) => result.boots)} of ${boards}`,
    of((result) => result.clientTimeouts).toFixed(0),
  ];
  return `| ${[contender, ...figures].join(' | ')} |`;
}

function renderDhcp(contender: DhcpContender, results: readonly DhcpResult[]): string {
  const of = (figure: (result: DhcpResult) => number) => median(results.map(figure));
  const figures = [
    of((result) => result.exchangesPerSecond).toFixed(0),
    of((result) => result.cpuMicrosecondsPerExchange).toFixed(0),
    of((result) => result.medianMs).toFixed(2),
    of((result) => result.failed).toFixed(0),
    of((result) => result.twins).toFixed(0),
    of((result) => result.clientTimeouts).toFixed(0),
  ];
  return `| ${[contender, ...figures].join(' | ')} |`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
