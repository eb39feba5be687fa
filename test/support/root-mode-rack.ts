/** A rack of boards with a role each, which has a root mode: small roles that are ready with ssh alone. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { apiSocket } from '../../src/cli/api-client.ts';
import type { NodeStatus, PublicBoot } from '../../src/model/node-status.ts';
import type { RackStatus } from '../../src/rack/control.ts';
import { ask } from './ask-service.ts';
import { piImage, type Ended } from './pi-image.ts';

export interface RootRole {
  /** `debian-lite`, or with a version. */
  readonly image: string;
  /** `squash`, or `persistent` with its policy. */
  readonly root: string;
  readonly upgrade?: string;
  /** Of its board; 1024 unless given. */
  readonly memoryMib?: number;
  /** Of its node; a rack tells the truth about the memory unless they say otherwise. */
  readonly vars?: Readonly<Record<string, number>>;
}

/** A boot takes 40 s where nothing else goes on. */
const readyDeadlineMs = 20 * 60_000;

/** Of a command. Boards take the processor from it. */
const patienceMs = 10 * 60_000;

async function works(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await piImage(args, patienceMs);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Other than the node: a rollback of a name that both have is refused. */
export const roleOf = (node: string) => `${node}-role`;

export class RootModeRack {
  readonly dir: string;
  readonly #roles: Record<string, RootRole>;

  constructor(dir: string, roles: Record<string, RootRole>) {
    this.dir = dir;
    this.#roles = roles;
  }

  /** `pi-image ARGS` on the rack's own service. @returns what it prints */
  run(...args: readonly string[]): Promise<string> {
    const paths = ['--runtime', path.join(this.dir, 'run'), '--state', path.join(this.dir, 'state')];
    return works(...paths, ...args);
  }

  exec(...command: readonly string[]): Promise<Ended> {
    return piImage(['rack', 'exec', '--dir', this.dir, '--', ...command], patienceMs);
  }

  /** What a command on the node prints, of both of its outputs. */
  async on(node: string, command: string): Promise<string> {
    const { stdout, stderr } = await this.exec('ssh', '-o', 'ConnectTimeout=60', node, command);
    return `${stdout}${stderr}`.trim();
  }

  async boot(...nodes: readonly string[]): Promise<void> {
    await works('rack', 'boot', ...nodes, '--dir', this.dir);
  }

  /** Pulls the plug: nothing that a node has not written is on the storage node. */
  async powerOff(...nodes: readonly string[]): Promise<void> {
    await works('rack', 'power', nodes.join(','), 'off', '--dir', this.dir);
  }

  /** Of the machine that stands in for a board, since it was first switched on: what a boot costs whatever else goes on. */
  async cpuSeconds(node: string): Promise<number> {
    const { boards } = JSON.parse(await works('rack', 'status', '--dir', this.dir, '-o', 'json')) as RackStatus;
    return boards.find(({ name }) => name === node)?.cpuSeconds ?? Number.NaN;
  }

  /** What the firmware of a board has done, one JSON line each. */
  firmwareLog(node: string): Promise<string> {
    return readFile(path.join(this.dir, 'boards', node, 'firmware.log'), 'utf8').catch(() => '');
  }

  /** Without a command of its own: a process for each question would take the processor from the boards. */
  #ask(route: string): Promise<unknown> {
    return ask(apiSocket(path.join(this.dir, 'run')), route);
  }

  async show(node: string): Promise<NodeStatus> {
    return ((await this.#ask(`/nodes/${node}`)) as NodeAnswer).status;
  }

  /** Why the boots of a node failed, as far as they did: the newest first. */
  async failures(node: string): Promise<string[]> {
    const boots = (await this.#ask(`/nodes/${node}/boots`)) as readonly PublicBoot[];
    return boots.flatMap(({ closed }) => (closed?.reason === 'failed' ? [closed.cause ?? ''] : []));
  }

  /** @returns the boot that became ready, other than `before` */
  async ready(node: string, before?: string): Promise<PublicBoot> {
    const deadline = Date.now() + readyDeadlineMs;
    let last = 'nothing is known of it';
    while (Date.now() < deadline) {
      const { state, reason = '', lastBoot } = await this.show(node);
      const boot = lastBoot?.id === before ? undefined : lastBoot;
      if (state === 'ready' && boot !== undefined) return boot;
      last = `${state} ${reason}`;
      if (boot?.closed?.reason === 'failed') break;
      await sleep(1000);
    }
    throw new Error(`${node} is not ready: ${last}\n${await this.consoleTail(node)}`);
  }

  /** Trees lie in a file system that only the rack sees. @returns the content of a file in the one tree of a node */
  async readTree(node: string, image: string, file: string): Promise<string> {
    const trees = path.join(this.dir, 'state/persistent', node, image);
    const [version = ''] = (await this.exec('ls', trees)).stdout.trim().split('\n');
    const { code, stdout, stderr } = await this.exec('cat', path.join(trees, version, 'root', file));
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

  async consoleTail(node: string): Promise<string> {
    const text = await readFile(path.join(this.dir, 'boards', node, 'console.log'), 'utf8').catch(() => '');
    return text.split('\n').slice(-15).join('\n');
  }

  /** The service reads cluster.yaml again by itself; resolves when it has. */
  async setRole(name: string, role: RootRole): Promise<void> {
    this.#roles[name] = role;
    await this.writeRoles();
  }

  async writeRoles(): Promise<void> {
    const file = path.join(this.dir, 'cluster.yaml');
    const loads = await this.#loads();
    const [head] = (await readFile(file, 'utf8')).split('roles:');
    await writeFile(file, `${head}roles:\n${Object.entries(this.#roles).map(renderRole).join('')}`);
    const deadline = Date.now() + patienceMs;
    while ((await this.#loads()) === loads) {
      if (Date.now() > deadline) throw new Error(`the service does not take ${file}: ${await this.#lastLines()}`);
      await sleep(200);
    }
  }

  async #lastLines(): Promise<string> {
    const log = await readFile(path.join(this.dir, 'logs', 'service.log'), 'utf8');
    return log.split('\n').slice(-5).join('\n');
  }

  async #loads(): Promise<number> {
    const log = await readFile(path.join(this.dir, 'logs', 'service.log'), 'utf8').catch(() => '');
    return log.split('config.loaded').length;
  }

  /** Until the service has made so many squashfs files and trees, from its start on. */
  async rootsMade(count: number): Promise<void> {
    const deadline = Date.now() + 15 * 60_000;
    let made = 0;
    while (Date.now() < deadline) {
      const log = await readFile(path.join(this.dir, 'logs', 'service.log'), 'utf8');
      made = log.split(' root.made ').length - 1;
      if (made >= count) return;
      await sleep(500);
    }
    throw new Error(`${made} of ${count} roots were made`);
  }

  async down(): Promise<void> {
    await piImage(['rack', 'down', '--dir', this.dir], patienceMs);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Services of the image that no overlay of these roles sets up. */
const masks = ['munge', 'slurmd', 'slurmctld'].map((unit) => `systemd.mask=${unit}.service`);

function renderRole([node, { image, root, upgrade }]: [string, RootRole]): string {
  return `  ${roleOf(node)}:
    image: ${image}
    root: ${root}
${upgrade === undefined ? '' : `    persistent: { upgrade: ${upgrade} }\n`}    overlays: [base, ssh]
    kernelArguments: [quiet, loglevel=4, systemd.show_status=0, mitigations=off, audit=0, ${masks.join(', ')}]
    ready: [ssh]
    deadline: 20m
`;
}

/**
 * One board for each role.
 * @param state holds the images; that of the first role is booted by all others of a rack until it has these, and has Slurm
 */
export async function raiseRootModeRack(state: string, roles: Record<string, RootRole>): Promise<RootModeRack> {
  // Not in /tmp, which may be in memory: trees and squashfs files are gigabytes.
  const dir = await mkdtemp('/var/tmp/pi-image-roots-');
  const rack = new RootModeRack(dir, { ...roles });
  const boards = Object.entries(roles).map(([name, { memoryMib, vars }]) => ({
    name,
    role: roleOf(name),
    memoryMib,
    vars,
  }));
  const spec = path.join(dir, 'rack.yaml');
  await writeFile(spec, JSON.stringify({ image: Object.values(roles)[0]?.image, boards }));
  try {
    await works('--state', state, 'rack', 'up', '--dir', dir, '--file', spec);
    await rack.writeRoles();
  } catch (error) {
    await rack.down();
    throw error;
  }
  return rack;
}
