/** A rack of boards whose roles have one root mode each: small roles that are ready with ssh alone. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Boot } from '../../src/model/boot.ts';
import { piImage, type Ended } from './pi-image.ts';

export interface RootRole {
  /** `debian-lite`, or with a version. */
  readonly image: string;
  /** `squash`, or `persistent` with its policy. */
  readonly root: string;
  readonly upgrade?: string;
}

interface Shown {
  readonly status: { readonly state: string; readonly reason?: string; readonly lastBoot?: Boot };
}

const readyDeadlineMs = 10 * 60_000;

export class RootModeRack {
  readonly dir: string;
  readonly #roles: Record<string, RootRole>;

  constructor(dir: string, roles: Record<string, RootRole>) {
    this.dir = dir;
    this.#roles = roles;
  }

  run(...args: readonly string[]): Promise<Ended> {
    return piImage(['--runtime', path.join(this.dir, 'run'), '--state', path.join(this.dir, 'state'), ...args]);
  }

  async mustRun(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

  exec(...command: readonly string[]): Promise<Ended> {
    return piImage(['rack', 'exec', '--dir', this.dir, '--', ...command]);
  }

  /** What a command on the node prints, of both of its outputs. */
  async on(node: string, command: string): Promise<string> {
    const { stdout, stderr } = await this.exec('ssh', '-o', 'ConnectTimeout=20', node, command);
    return `${stdout}${stderr}`.trim();
  }

  async boot(...nodes: readonly string[]): Promise<void> {
    const { code, stderr } = await piImage(['rack', 'boot', ...nodes, '--dir', this.dir]);
    if (code !== 0) throw new Error(stderr);
  }

  /** Pulls the plug: nothing that a node has not written is on the storage node. */
  async powerOff(node: string): Promise<void> {
    await piImage(['rack', 'power', node, 'off', '--dir', this.dir]);
  }

  async show(node: string): Promise<Shown['status']> {
    return (JSON.parse(await this.mustRun('node', 'show', node, '-o', 'json')) as Shown).status;
  }

  /** @returns the boot that became ready, other than those in `before` */
  async ready(node: string, before?: string): Promise<Boot> {
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
    const deadline = Date.now() + 60_000;
    while ((await this.#loads()) === loads && Date.now() < deadline) await sleep(200);
  }

  async #loads(): Promise<number> {
    const log = await readFile(path.join(this.dir, 'logs', 'service.log'), 'utf8').catch(() => '');
    return log.split('config.loaded').length;
  }

  /** Until the service has made so many squashfs files and trees, from its start on. */
  async rootsMade(count: number): Promise<void> {
    const deadline = Date.now() + 5 * 60_000;
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
    await piImage(['rack', 'down', '--dir', this.dir]);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Services of the image that no overlay of these roles sets up. */
const masks = ['munge', 'slurmd', 'slurmctld'].map((unit) => `systemd.mask=${unit}.service`);

function renderRole([name, { image, root, upgrade }]: [string, RootRole]): string {
  return `  ${name}:
    image: ${image}
    root: ${root}
${upgrade === undefined ? '' : `    persistent: { upgrade: ${upgrade} }\n`}    overlays: [base, ssh]
    kernelArguments: [quiet, loglevel=4, systemd.show_status=0, mitigations=off, audit=0, ${masks.join(', ')}]
    ready: [ssh]
    deadline: 15m
`;
}

/** One board per role, under the role's name. */
export async function raiseRootModeRack(state: string, roles: Record<string, RootRole>): Promise<RootModeRack> {
  const dir = await mkdtemp(path.join(tmpdir(), 'pi-image-roots-'));
  const rack = new RootModeRack(dir, { ...roles });
  const image = Object.values(roles)[0]?.image ?? '';
  const boards = Object.keys(roles).map((name) => `${name}:${name}`);
  const up = ['--state', state, 'rack', 'up', '--dir', dir, '--image', image, '--boards', boards.join(',')];
  const { code, stderr } = await piImage(up);
  if (code !== 0) throw new Error(stderr);
  await rack.writeRoles();
  return rack;
}
