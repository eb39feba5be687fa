/** The demo: image, rack, two boards at once, a Slurm job. One step after the other, each with its own deadline. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { imagesDir } from '../host/image-store.ts';
import { ensureLoopFileSystem } from '../host/loop-file-system.ts';
import { run } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { PublicBoot } from '../model/node-status.ts';
import { RackSpec } from '../model/rack-spec.ts';
import { askRack } from '../rack/control.ts';
import { boardFolder, rackFolder, type RackFolder } from '../rack/folder.ts';
import { endRack, raiseRack } from '../rack/launch.ts';
import { findRack, readRecord } from '../rack/record.ts';
import { apiSocket, requestOk } from './api-client.ts';
import { changeRoles } from './demo-roles.ts';
import { head, runJob, worker } from './demo-slurm.ts';
import { newPhases, renderTimeline, type BoardBoots } from './demo-timeline.ts';
import { loopFileSystems } from './exports-apart.ts';
import { rackInsideArgv } from './rack-parts.ts';
import { selfWithPaths } from './self.ts';
import { setUp } from './setup.ts';

export interface DemoOptions {
  /** Image, caches and rack; kept between runs. */
  readonly dir: string;
  readonly image: string;
  readonly clock: RackSpec['clock'];
  readonly tell: (line: string) => void;
  /** A finished step. */
  readonly tellStep: (line: string) => void;
  readonly signal: AbortSignal;
}

/** On two cores; a cold build was measured at 3 to 5 minutes, two boots and their slurmd at 1. */
const deadlinesMs = { build: 40 * 60_000, boot: 8 * 60_000 } as const;
const pollMs = 1000;

const boardNames = [head, worker];

export async function runDemo(options: DemoOptions): Promise<void> {
  const { tellStep, signal } = options;
  await setUp(['build', 'serve', 'rack'], options);
  tellStep('programs are there');
  await openStore(options);
  await buildImage(options);
  tellStep(`image ${options.image} is there`);
  const folder = rackFolder(path.join(options.dir, 'rack'));
  await clearOldRack(folder);
  const { image, clock } = options;
  const boards = [
    { name: head, role: 'controller' },
    { name: worker, role: 'compute' },
  ];
  const spec = RackSpec.parse({ image, clock, boards });
  const images = imagesDir(path.join(options.dir, 'state'));
  const insideArgv = rackInsideArgv(folder);
  try {
    await raiseRack({ folder, spec, imagesDir: images, insideArgv, isTiedToUs: true, signal });
    tellStep(`the rack is up, its storage node serves; logs are in ${path.dirname(folder.serviceLog)}`);
    await bootAndCompute(folder, options);
  } finally {
    await endRack(folder);
  }
  tellStep('the rack is down');
}

/** As "pi-image init" would, without a line in /etc/fstab: it stays mounted until the machine restarts. */
async function openStore({ dir, signal }: DemoOptions): Promise<void> {
  const { exports } = loopFileSystems(path.join(dir, 'state'));
  await ensureLoopFileSystem({ ...exports, sizeBytes: 16 * 2 ** 30, isReserved: false }, signal);
}

/** In a process of its own, as a person would run it: it shows its own progress. */
async function buildImage({ dir, image, tell, signal }: DemoOptions): Promise<void> {
  const paths = {
    config: path.join(dir, 'cluster.yaml'),
    state: path.join(dir, 'state'),
    runtime: path.join(dir, 'run'),
  };
  await run(selfWithPaths(paths, 'build', image), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlinesMs.build)]),
    onLine: (line) => tell(`  ${line}`),
  });
}

/** A demo begins without jobs and nodes of an earlier one. */
async function clearOldRack(folder: RackFolder): Promise<void> {
  if ((await findRack(await readRecord(folder))) !== undefined) {
    throw new ConfigError(`a demo is running already in ${folder.dir}`, {
      hint: `Wait for its end, or end it with "pi-image rack down --dir ${folder.dir}".`,
    });
  }
  await rm(folder.dir, { recursive: true, force: true });
}

async function bootAndCompute(folder: RackFolder, options: DemoOptions): Promise<void> {
  const { tell, tellStep, signal } = options;
  await askRack(folder.controlSocket, { verb: 'power', action: 'on', names: boardNames }, signal);
  tellStep(`${boardNames.join(' and ')} are switched on at the same time`);
  await waitForBoots(folder, options);
  tellStep('both nodes have their root and their overlay');
  await runJob(folder, options);
  await changeRoles(folder, options);
  const boards = await Promise.all(boardNames.map((name) => readBoots(folder, name)));
  const drawn = boards.flatMap(({ name, boots }) =>
    boots.toReversed().map((boot) => renderTimeline([{ name, boots: [boot] }], boot.startedAtMs)),
  );
  tell(`\nBoots as the service saw them, in seconds after the board's first packet:\n\n${drawn.join('\n')}`);
}

async function waitForBoots(folder: RackFolder, { tell, signal }: DemoOptions): Promise<void> {
  const deadline = Date.now() + deadlinesMs.boot;
  const seen = new Map<string, number>();
  for (;;) {
    const boards = await Promise.all(boardNames.map((name) => readBoots(folder, name)));
    for (const { name, boots } of boards) {
      for (const { phase } of newPhases(boots[0], seen.get(name) ?? 0)) tell(`  ${name}: ${phase}`);
      seen.set(name, boots[0]?.phases.length ?? 0);
    }
    if (boards.every(({ boots }) => hasPhase(boots[0], 'overlay'))) return;
    const late = boards.find(
      ({ boots }) => hasPhase(boots[0], 'failed') || (Date.now() > deadline && !hasPhase(boots[0], 'overlay')),
    );
    if (late !== undefined) throw tooLate(folder, late);
    await sleep(pollMs, undefined, { signal });
  }
}

function hasPhase(boot: PublicBoot | undefined, phase: string): boolean {
  return boot?.phases.some((each) => each.phase === phase) === true;
}

function tooLate(folder: RackFolder, { name, boots }: BoardBoots): HostError {
  const last = boots[0]?.phases.at(-1);
  const where =
    last === undefined ? 'the service saw nothing of it' : `it came to "${last.phase}" ${last.detail ?? ''}`;
  const { consoleLog } = boardFolder(folder, name);
  return new HostError(`${name} did not boot: ${where.trim()}`, {
    hint: `Its console is ${consoleLog}, the service's log ${folder.serviceLog}.`,
  });
}

async function readBoots(folder: RackFolder, name: string): Promise<BoardBoots> {
  const answer = await requestOk(apiSocket(folder.runtime), 'GET', `/nodes/${name}/boots`);
  return { name, boots: answer.kind === 'answer' ? (answer.body as readonly PublicBoot[]) : [] };
}
