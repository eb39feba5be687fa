/** The inside of a rack: runs in namespaces of its own and is gone with them. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { trustKeysOf } from '../host/image-key.ts';
import { ensureLoopFileSystem } from '../host/loop-file-system.ts';
import { run, type Argv } from '../host/process.ts';
import { openSecrets } from '../host/secrets.ts';
import { makeSigningKey } from '../host/signing-key.ts';
import { ConfigError, HostError, unreachable } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { VirtualBoard } from './board.ts';
import { serveControl, type RackRequest, type RackStatus } from './control.ts';
import { boardFolder, rackFileSystems, type BoardFolder, type RackFolder } from './folder.ts';
import { cableBoard, cableStorage, inNamespace, storageNamespace } from './network.ts';
import { planRack, type FirmwareBoard, type PlannedBoard } from './rack-plan.ts';
import { ownNamespaces, type RackRecord } from './record.ts';
import { renderSshConfig } from './ssh-config.ts';
import { readHealth, superviseService } from './service.ts';

export interface RackDeps {
  readonly folder: RackFolder;
  readonly record: RackRecord;
  /** `pi-image` with the rack's own configuration, state and runtime folders. */
  readonly piImage: (...args: readonly string[]) => Argv;
  readonly firmwareArgv: (board: FirmwareBoard, folder: BoardFolder) => Argv;
  readonly log: Log;
}

/** Returns when somebody has said `down`, or `signal` aborts. */
export async function runRack(deps: RackDeps, signal: AbortSignal): Promise<void> {
  const down = new AbortController();
  const either = AbortSignal.any([signal, down.signal]);
  const plan = planRack(deps.record.spec);
  await furnish(deps, either);
  await cableStorage(plan.storage, either);
  for (const { index, mac } of plan.boards) await cableBoard(index, mac, either);
  await run(onStorage(deps.piImage('apply', '--yes', '-f', deps.folder.nodesYaml)), { signal: either });
  const boards = plan.boards.map((board) => makeBoard(board, deps));
  await serveControl(deps.folder.controlSocket, (request) => handle(request, { deps, boards, down }), either);
  deps.log.info('rack.up', { boards: boards.map((board) => board.name) });
  await superviseService(onStorage(deps.piImage('serve')), {
    logFile: deps.folder.serviceLog,
    log: deps.log,
    signal: either,
  });
  await Promise.all(boards.map((board) => board.powerOff()));
  deps.log.info('rack.down');
}

/** Files that programs expect in one place for the whole machine, as mounts that only the rack sees. */
async function furnish({ folder, record, log }: RackDeps, signal: AbortSignal): Promise<void> {
  const here = await ownNamespaces();
  if (here.mnt === record.hostNamespaces.mnt || here.net === record.hostNamespaces.net) {
    throw new HostError('a rack runs only in namespaces of its own', { hint: 'Start it with "pi-image rack up".' });
  }
  // Named network namespaces and sockets of daemons lie in /run.
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run'], { signal });
  await run(['mount', '--bind', folder.hosts, '/etc/hosts'], { signal });
  const secretsDir = path.join(folder.state, 'secrets');
  const secrets = await openSecrets(secretsDir, { log, signal });
  await writeFileAtomically(folder.sshConfig, renderSshConfig(await secrets.storageKey()));
  await run(['mount', '--bind', folder.sshConfig, '/etc/ssh/ssh_config'], { signal });
  if (record.spec.boards.some(({ bootOrder }) => bootOrder === 'http')) {
    await writeFileAtomically(folder.signingKey, (await makeSigningKey(secretsDir, log)).publicPem);
  }
  for (const own of rackFileSystems(folder)) await ensureLoopFileSystem(own, signal);
  const images = path.join(folder.state, 'exports', 'images');
  if (path.resolve(record.imagesDir) !== images) {
    await mkdir(images, { recursive: true });
    await trustKeysOf(path.resolve(record.imagesDir, '../..'), folder.state, log);
    await run(['mount', '--bind', '-o', 'ro', record.imagesDir, images], { signal });
  }
  for (const share of ['home', 'slurm']) await mkdir(path.join(folder.shares, share), { recursive: true });
}

function onStorage(argv: Argv): Argv {
  return inNamespace(storageNamespace, argv);
}

function makeBoard(board: PlannedBoard, { folder, record, firmwareArgv, log }: RackDeps): VirtualBoard {
  // Emulation of a foreign processor never gains from KVM, and an arm64 machine without it emulates its own.
  const isNative = process.arch === 'arm64' && existsSync('/dev/kvm');
  return new VirtualBoard(board, {
    folder: boardFolder(folder, board.spec.name),
    clock: record.spec.clock,
    accelerator: isNative ? 'kvm' : 'tcg',
    firmwareArgv,
    log,
  });
}

interface Rack {
  readonly deps: RackDeps;
  readonly boards: readonly VirtualBoard[];
  readonly down: AbortController;
}

async function handle(request: RackRequest, rack: Rack): Promise<RackStatus> {
  switch (request.verb) {
    case 'status':
      break;
    case 'power':
      await switchPower(request, rack.boards);
      break;
    case 'down':
      rack.down.abort(new Error('the rack was taken down'));
      break;
    default:
      return unreachable(request);
  }
  return readStatus(rack);
}

async function switchPower(
  { action, names }: Extract<RackRequest, { verb: 'power' }>,
  boards: readonly VirtualBoard[],
): Promise<void> {
  const chosen = names.map((name) => {
    const board = boards.find((candidate) => candidate.name === name);
    if (board !== undefined) return board;
    const known = boards.map((candidate) => candidate.name).join(', ');
    throw new ConfigError(`there is no board ${name} in the rack; boards are: ${known}`);
  });
  if (action !== 'on') await Promise.all(chosen.map((board) => board.powerOff()));
  if (action !== 'off') for (const board of chosen) board.powerOn();
}

async function readStatus({ deps, boards }: Rack): Promise<RackStatus> {
  const states = await Promise.all(boards.map((board) => board.status()));
  return {
    service: await readHealth(path.join(deps.folder.runtime, 'api.sock')),
    boards: states,
  };
}
