/** The outside of a rack: starts its process tree in new namespaces, finds it again, ends it. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { cannotStart, type Argv } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { RackSpec } from '../model/rack-spec.ts';
import { askRack, type RackStatus } from './control.ts';
import type { RackFolder } from './folder.ts';
import { inNamespace, storageNamespace } from './network.ts';
import { readBootId, readProcess } from './process-facts.ts';
import { planRack, renderClusterYaml, renderHosts, renderNodesYaml } from './rack-plan.ts';
import { findRack, ownNamespaces, readRecord, writeRecord, type RackRecord } from './record.ts';

export interface LaunchOptions {
  readonly folder: RackFolder;
  readonly spec: RackSpec;
  readonly imagesDir: string;
  /** `pi-image rack run --dir DIR` */
  readonly insideArgv: Argv;
  /** The rack ends when this process does, whatever ended it. */
  readonly isTiedToUs: boolean;
  readonly signal: AbortSignal;
}

const startDeadlineMs = 90_000;
const stopDeadlineMs = 15_000;
const pollMs = 200;

/** Writes the rack's folder, starts it, and waits until its service is healthy. */
export async function raiseRack(options: LaunchOptions): Promise<RackStatus> {
  const { folder, spec, imagesDir } = options;
  if ((await findRack(await readRecord(folder))) !== undefined) {
    throw new ConfigError(`a rack is already up in ${folder.dir}`, {
      hint: `Take it down with "pi-image rack down --dir ${folder.dir}".`,
    });
  }
  const plan = planRack(spec);
  await clearLeftovers(folder);
  const record: RackRecord = { spec, imagesDir, hostNamespaces: await ownNamespaces() };
  await writeFileAtomically(folder.clusterYaml, renderClusterYaml(spec, folder.shares));
  await writeFileAtomically(folder.nodesYaml, renderNodesYaml(plan));
  await writeFileAtomically(folder.hosts, renderHosts(plan));
  await writeRecord(folder, record);
  const pid = await startDetached(options);
  await writeRecord(folder, { ...record, process: await identify(pid) });
  try {
    return await waitUntilHealthy(folder, pid, options.signal);
  } catch (error) {
    await endRack(folder);
    throw error;
  }
}

/** A rack that was killed leaves sockets, pid files and logs; none of them can belong to something alive. */
async function clearLeftovers(folder: RackFolder): Promise<void> {
  for (const leftover of [folder.controlSocket, folder.runtime, path.join(folder.dir, 'boards')]) {
    await rm(leftover, { recursive: true, force: true });
  }
  for (const log of [folder.rackLog, folder.serviceLog]) await rm(log, { force: true });
  await mkdir(path.dirname(folder.rackLog), { recursive: true });
  await mkdir(folder.runtime, { recursive: true });
}

/**
 * A shell is process 1 of the rack: it takes in daemons that lose their parent, which node would leave as zombies.
 * --kill-child: the end of `unshare` is the end of process 1, and with it of everything in the PID namespace.
 */
export function isolatedArgv(insideArgv: Argv, isTiedToUs: boolean): Argv {
  const tie = isTiedToUs ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const unshare = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const inside = ['--propagation', 'private', 'sh', '-c', '"$@" & wait $!', 'rack', ...insideArgv];
  const [program = '', ...args] = [...tie, ...unshare, ...inside];
  return [program, ...args];
}

async function startDetached({ folder, insideArgv, isTiedToUs }: LaunchOptions): Promise<number> {
  const [program, ...args] = isolatedArgv(insideArgv, isTiedToUs);
  const output = await open(folder.rackLog, 'a');
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output.fd, output.fd] });
    const failed = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined));
      child.once('error', (error) => resolve(cannotStart(program, error)));
    });
    if (failed !== undefined || child.pid === undefined) throw failed ?? new Error(`${program} has no pid`);
    child.unref();
    return child.pid;
  } finally {
    await output.close();
  }
}

async function identify(pid: number): Promise<NonNullable<RackRecord['process']>> {
  const facts = await readProcess(pid);
  if (facts === undefined) throw new HostError('the rack ended at once');
  return { pid, startTicks: facts.startTicks, bootId: await readBootId() };
}

async function waitUntilHealthy(folder: RackFolder, pid: number, signal: AbortSignal): Promise<RackStatus> {
  const deadline = Date.now() + startDeadlineMs;
  let last = 'it does not answer yet';
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    const facts = await readProcess(pid);
    if (facts === undefined || facts.isZombie) {
      throw new HostError(`the rack ended while it started:\n${await tail(folder.rackLog)}`, {
        hint: `Look into ${folder.rackLog} and ${folder.serviceLog}.`,
      });
    }
    const status = await askRack(folder.controlSocket, { verb: 'status' }, signal).catch(() => undefined);
    if (status?.service.state === 'healthy') return status;
    last = status?.service.detail ?? last;
    await sleep(pollMs, undefined, { signal });
  }
  throw new HostError(`the rack's service is not healthy after ${startDeadlineMs / 1000} s: ${last}`, {
    hint: `Look into ${folder.serviceLog}:\n${await tail(folder.serviceLog)}`,
  });
}

const tailLines = 15;

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-tailLines).join('\n');
}

/** @returns false when there was none */
export async function endRack(folder: RackFolder): Promise<boolean> {
  const pid = await findRack(await readRecord(folder));
  if (pid === undefined) return false;
  const deadline = AbortSignal.timeout(stopDeadlineMs);
  await askRack(folder.controlSocket, { verb: 'down' }, deadline).catch(() => undefined);
  if (!(await hasEnded(folder, deadline))) {
    process.kill(pid, 'SIGKILL');
    if (!(await hasEnded(folder, AbortSignal.timeout(stopDeadlineMs)))) {
      throw new HostError(`process ${pid} of the rack does not end`);
    }
  }
  await rm(folder.controlSocket, { force: true });
  return true;
}

async function hasEnded(folder: RackFolder, deadline: AbortSignal): Promise<boolean> {
  const record = await readRecord(folder);
  while ((await findRack(record)) !== undefined) {
    if (deadline.aborted) return false;
    await sleep(pollMs);
  }
  return true;
}

/** A command on the rack's storage node, as seen from outside. */
export async function argvInRack(folder: RackFolder, argv: Argv): Promise<Argv> {
  const pid = await findRack(await readRecord(folder));
  if (pid === undefined) {
    throw new HostError(`no rack is up in ${folder.dir}`, { hint: 'Raise one with "pi-image rack up".' });
  }
  // `unshare` has entered all of them but the PID namespace, which only its children are in.
  const of = (name: string) => `/proc/${pid}/ns/${name}`;
  const enter = [`--net=${of('net')}`, `--mount=${of('mnt')}`, `--pid=${of('pid_for_children')}`];
  return ['nsenter', ...enter, '--', ...inNamespace(storageNamespace, argv)];
}
