/** The inside of a storm: storage node, service and boards in namespaces that are gone with this process. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { trustKeysOf } from '../../host/image-key.ts';
import { imagesDir as imagesIn } from '../../host/image-store.ts';
import { run, type Argv } from '../../host/process.ts';
import { HostError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import { rackFolder, type RackFolder } from '../folder.ts';
import { boardsNamespace, cableBoards, cableStorage, inNamespace, storageNamespace } from '../network.ts';
import { readHealth, superviseService } from '../service.ts';
import { makeStormImage, stormImage } from './image.ts';
import { parseMix, planStorm, stormNetwork } from './mix.ts';
import type { BoardsResult, Progress } from './run.ts';
import { renderStormCluster, renderStormNodes } from './site.ts';
import { stormHome, type StormSpec } from './spec.ts';
import { readUsage } from './usage.ts';

export interface StormDeps {
  readonly spec: StormSpec;
  /** `pi-image` with the storm's own configuration, state and runtime folders. */
  readonly piImage: (folder: RackFolder) => (...args: readonly string[]) => Argv;
  /** `pi-image rack storm-boards SPEC` */
  readonly boardsArgv: (spec: StormSpec) => Argv;
  readonly tell: (event: StormEvent) => void;
  readonly log: Log;
}

export interface StormResult extends BoardsResult {
  readonly server: ServerUsage;
}

interface ServerUsage {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** How often the service ended while boards were loading; it was started again each time. */
  readonly ends: number;
}

export type StormEvent =
  | { readonly event: 'step'; readonly what: string }
  | ({ readonly event: 'progress'; readonly rssBytes: number } & Progress)
  | { readonly event: 'result'; readonly result: StormResult };

const startDeadlineMs = 90_000;
const pollMs = 200;

/** Returns when the boards are through and the service has ended. */
export async function runStormInside(deps: StormDeps, signal: AbortSignal): Promise<void> {
  const { spec, tell } = deps;
  // Named network namespaces and sockets of daemons lie in /run, and so does the storm unless it has a folder.
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run'], { signal });
  const folder = rackFolder(spec.dir ?? stormHome);
  tell({ event: 'step', what: 'making the image, the network and the nodes' });
  await furnish(folder, deps, signal);
  await cableStorage(stormNetwork.storage, signal);
  await cableBoards(signal);
  const piImage = deps.piImage(folder);
  await run(onStorage(piImage('apply', '--yes', '-f', folder.nodesYaml)), { signal });
  tell({ event: 'step', what: 'starting the service' });
  const down = new AbortController();
  const pids: number[] = [];
  const service = superviseService(onStorage(piImage('serve', '--no-time')), {
    logFile: folder.serviceLog,
    log: deps.log,
    signal: AbortSignal.any([signal, down.signal]),
    onStarted: (pid) => pids.push(pid),
  });
  try {
    await waitUntilHealthy(folder, signal);
    tell({ event: 'step', what: `switching ${spec.boards} boards on` });
    tell({ event: 'result', result: await measure(deps, folder, pids, signal) });
  } finally {
    down.abort(new Error('the storm is over'));
    await service;
  }
}

async function furnish(folder: RackFolder, { spec, log }: StormDeps, signal: AbortSignal): Promise<void> {
  const exported = path.join(folder.state, 'exports');
  await mkdir(exported, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', 'size=1g', 'storm-exports', exported], { signal });
  const images = imagesIn(folder.state);
  for (const dir of [images, folder.runtime, path.dirname(folder.serviceLog)]) await mkdir(dir, { recursive: true });
  if (spec.image === undefined) await makeStormImage(images, spec);
  else {
    await trustKeysOf(path.resolve(spec.imagesDir, '../..'), folder.state, log);
    await run(['mount', '--bind', '-o', 'ro', spec.imagesDir, images], { signal });
  }
  await writeFile(folder.clusterYaml, renderStormCluster(spec.image ?? stormImage.name));
  await writeFile(folder.nodesYaml, renderStormNodes(planStorm(spec.boards, parseMix(spec.mix))));
}

function onStorage(argv: Argv): Argv {
  return inNamespace(storageNamespace, argv);
}

async function waitUntilHealthy(folder: RackFolder, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  let detail = '';
  while (Date.now() < deadline) {
    const health = await readHealth(path.join(folder.runtime, 'api.sock'));
    if (health.state === 'healthy') return;
    detail = health.detail;
    await sleep(pollMs, undefined, { signal });
  }
  const log = await readFile(folder.serviceLog, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-15).join('\n');
  throw new HostError(`the storm's service is not healthy after ${startDeadlineMs / 1000} s: ${detail}\n${tail}`);
}

async function measure(
  { spec, boardsArgv, tell }: StormDeps,
  folder: RackFolder,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<StormResult> {
  const before = await readUsage(pids.at(-1) ?? 0);
  const endsBefore = pids.length;
  let result: BoardsResult | undefined;
  const onLine = (line: string) => {
    const event = parseLine(line);
    if (event === undefined) return;
    if ('result' in event) result = event.result;
    else
      void readUsage(pids.at(-1) ?? 0).then((usage) => tell({ event: 'progress', ...event, rssBytes: usage.rssBytes }));
  };
  const argv = boardsArgv({ ...spec, imagesDir: imagesIn(folder.state) });
  await run(inNamespace(boardsNamespace, argv), { signal, onLine });
  const after = await readUsage(pids.at(-1) ?? 0);
  if (result === undefined) throw new HostError('the boards of the storm ended without a result');
  const server = {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    peakRssBytes: after.peakRssBytes,
    ends: pids.length - endsBefore,
  };
  return { ...result, server };
}

function parseLine(line: string): { result: BoardsResult } | Progress | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as { result: BoardsResult } | Progress) : undefined;
}
