/**
 * What a fleet of 1,000 nodes costs: changes of role, lists, status, pages of browsers, and all that while 256 boards boot.
 * Prints each figure beside what is wanted; exit code 1 when one is missed. Needs root, cc, curl and Chromium. Arguments:
 * rounds (5), and which rows (all; words of their titles).
 */
import { availableParallelism, cpus, loadavg } from 'node:os';

import { compile } from '../support/compiled.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { FleetChanges, type SetRoles } from './fleet-changes.ts';
import { FleetLists, type ListRound } from './fleet-lists.ts';
import { FleetPages, leaveRoomForBrowsers, type Frames } from './fleet-pages.ts';
import { FleetSite } from './fleet-site.ts';
import {
  eventsOfStorm,
  FleetStorm,
  pages as pageCount,
  stormBoards,
  type StormRun,
  type ToldPages,
} from './fleet-storm.ts';
import { isReached, renderFigure, tableHead, type FleetFigure } from './fleet-table.ts';

const nodeCount = 1000;
const [roundsWanted = '5', ...words] = process.argv.slice(2);
const rounds = Number(roundsWanted);
const isWanted = (title: string) => words.length === 0 || words.some((word) => title.includes(word));

const changeOfSome = 'role change of 36 nodes';
const changeOfAll = 'role change of 1,000 nodes';
const byCommand = ', by "pi-image node set"';
const lists = 'GET /nodes, limit 100';
const status = 'pi-image status of 1,000 nodes';
const firstView = 'dashboard, first view of 1,000 nodes, cold';
const eventsInStorm = `storm of ${stormBoards} boards, events to ${pageCount} pages`;
const framesInStorm = `storm of ${stormBoards} boards, frames of the dashboard`;

const figures: FleetFigure[] = [];
const notes: string[] = [];

const [load = 0] = loadavg();
print(
  `${availableParallelism()} x ${cpus()[0]?.model ?? 'processor'}, load ${load.toFixed(1)}, Node ${process.version}; ` +
    `${rounds} rounds, medians unless something must not happen once\n`,
);
await compile();
const site = new FleetSite(nodeCount);
try {
  await site.open();
  if ([changeOfSome, changeOfAll, byCommand, lists, status, firstView].some(isWanted)) await withOneService();
  if ([eventsInStorm, framesInStorm].some(isWanted)) await measureStorms();
} finally {
  await site.close();
}
print(`${tableHead}\n${figures.map(renderFigure).join('\n')}`);
for (const note of notes) print(`\n${note}`);
process.exitCode = figures.every(isReached) ? 0 : 1;

/** Rows that follow each other with the same service. */
async function withOneService(): Promise<void> {
  await site.haveBooted();
  const service = await site.serveAll();
  const overTcp: SetRoles = (changed, role) => site.setRoles(changed, role);
  const command: SetRoles = (changed, role) => site.setRolesByCommand(changed, role);
  for (const [how, set] of [['', overTcp] as const, [byCommand, command] as const]) {
    await measureChanges(service, `${changeOfSome}${how}`, { count: 36, atMost: 500, set });
    await measureChanges(service, `${changeOfAll}${how}`, { count: nodeCount - 1, atMost: 3000, set });
  }
  if (isWanted(lists)) await measureLists(service);
  if (isWanted(status)) await measureStatus();
  if (isWanted(firstView)) await measureFirstView();
  await service.stop();
}

async function measureChanges(
  service: NamespaceProgram,
  what: string,
  { count, atMost, set }: { readonly count: number; readonly atMost: number; readonly set: SetRoles },
): Promise<void> {
  if (!isWanted(what)) return;
  const changes = new FleetChanges(site, service, set);
  const took = (await inRounds(() => changes.thereAndBack(count))).flat();
  figures.push({ what, rounds: took, unit: 'ms', wanted: { atMost } });
  notes.push(`${what}: ${took.map(Math.round).join(', ')} ms, the first one of its kind in this service first.`);
}

async function measureLists(service: NamespaceProgram): Promise<void> {
  const opened = await FleetLists.open(site, service);
  try {
    const all = await inRounds(() => opened.round());
    const of = (figure: (round: ListRound) => number) => all.map(figure);
    figures.push(
      { what: `${lists}, at 100 a second: p99`, rounds: of(({ p99Ms }) => p99Ms), unit: 'ms', wanted: { atMost: 20 } },
      {
        what: `${lists}: one, beside plain express, processor time`,
        rounds: of(({ processorRatio }) => processorRatio),
        unit: 'x',
        wanted: { atMost: 1.5 },
      },
    );
    const plain = of(({ plainP99Ms }) => plainP99Ms).map((value) => value.toFixed(1));
    const wall = of(({ wallRatio }) => wallRatio).map((value) => value.toFixed(2));
    notes.push(
      `${lists}: p99 of the plain handler in the same rounds ${plain.join(', ')} ms; one took ${wall.join(', ')} times its time.`,
    );
  } finally {
    opened.close();
  }
}

async function measureStatus(): Promise<void> {
  const took = await inRounds(() => timed(() => site.command('status')));
  const empty = await inRounds(() => timed(() => site.command('--version')));
  figures.push({ what: status, rounds: took, unit: 'ms', wanted: { atMost: 300 } });
  notes.push(`${status}: a command that asks nobody takes ${empty.map(Math.round).join(', ')} ms.`);
}

async function measureFirstView(): Promise<void> {
  const pages = await FleetPages.open(site);
  try {
    const token = await site.newToken('first-view');
    const took = await inRounds(() => pages.firstViewMs(token));
    figures.push({ what: firstView, rounds: took, unit: 'ms', wanted: { atMost: 1000 } });
  } finally {
    await pages.close();
  }
}

async function measureStorms(): Promise<void> {
  const storm = new FleetStorm(site);
  await storm.open();
  if (isWanted(eventsInStorm)) {
    tellEvents(await inRounds(() => runBoth(storm)));
  }
  if (isWanted(framesInStorm)) {
    await leaveRoomForBrowsers();
    tellFrames(await inRounds(() => storm.withService(() => runShown(storm))));
  }
}

/** The same storm without pages and with them, twice; a machine that slows down meanwhile slows both. */
async function runBoth(storm: FleetStorm): Promise<EventsRound> {
  const alone = () => storm.withService(() => storm.run());
  const watched = () => storm.withService(() => runWithPages(storm));
  const first = [await alone(), await watched()] as const;
  const second = [await watched(), await alone()] as const;
  return { alone: [first[0], second[1]], watched: [first[1], second[0]] };
}

interface EventsRound {
  readonly alone: readonly StormRun[];
  readonly watched: readonly (StormRun & ToldPages)[];
}

async function runWithPages(storm: FleetStorm): Promise<StormRun & ToldPages> {
  const seen = await storm.openPages();
  const run = await storm.run();
  return { ...run, ...(await seen()) };
}

async function runShown(storm: FleetStorm): Promise<Frames> {
  const pages = await FleetPages.open(site);
  try {
    const token = await site.newToken(`frames-${Date.now()}`);
    return await pages.framesDuring(token, () => storm.run());
  } finally {
    await pages.close();
  }
}

function tellEvents(all: readonly EventsRound[]): void {
  const rate = (runs: readonly StormRun[]) => sum(runs.map(({ megabytesPerSecond }) => megabytesPerSecond));
  const ratios = all.map((round) => rate(round.watched) / rate(round.alone));
  const [alone, watched] = [all.flatMap((round) => round.alone), all.flatMap((round) => round.watched)];
  const never = { unit: 'events', judged: 'worst' } as const;
  figures.push(
    {
      what: `${eventsInStorm}: of boots`,
      rounds: watched.map(({ events }) => events),
      wanted: { atLeast: eventsOfStorm },
      ...never,
    },
    {
      what: `${eventsInStorm}: missed by a page`,
      rounds: watched.map(({ events, wholePages }) => (pageCount - wholePages) * events),
      wanted: { atMost: 0 },
      ...never,
    },
    { what: `${eventsInStorm}: TFTP throughput, beside none`, rounds: ratios, unit: 'x', wanted: { atLeast: 0.95 } },
    {
      what: `${eventsInStorm}: boots that failed`,
      rounds: [...alone, ...watched].map(({ failed }) => failed),
      wanted: { atMost: 0 },
      ...never,
    },
  );
  const rates = (runs: readonly StormRun[]) => runs.map((run) => run.megabytesPerSecond.toFixed(0)).join(', ');
  const late = watched.map(({ latestMs }) => Math.round(latestMs)).join(', ');
  notes.push(
    `${eventsInStorm}: ${rates(alone)} MB/s without pages, ${rates(watched)} with them; the latest event came after ${late} ms.`,
  );
}

function tellFrames(shown: readonly Frames[]): void {
  const worst = shown.map(({ worstFrameMs }) => worstFrameMs);
  figures.push({
    what: `${framesInStorm}: longest`,
    rounds: worst,
    unit: 'ms',
    wanted: { atMost: 100 },
    judged: 'worst',
  });
  const tasks = shown.map(({ longestTaskMs }) => Math.round(longestTaskMs)).join(', ');
  notes.push(`${framesInStorm}: the longest task of the page ${tasks} ms (0: none over 50).`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function inRounds<T>(measure: () => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for (let round = 0; round < rounds; round += 1) found.push(await measure());
  return found;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
