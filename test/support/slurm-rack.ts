/** A rack whose head is Slurm's controller: a test asks its service by commands and by its API, and Slurm on head. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeAnswer } from '../../src/api/actions.ts';
import type { Role } from '../../src/api/schemas/role.ts';
import type { ShownOperation } from '../../src/api/schemas/operation.ts';
import { apiSocket } from '../../src/cli/api-client.ts';
import type { NodeStatus } from '../../src/model/node-status.ts';
import { askRack, type RackRequest, type RackStatus } from '../../src/rack/control.ts';
import { ask } from './ask-service.ts';
import { imageState, piImage, piImageWorks, processesWith, type Ended } from './pi-image.ts';

/** A boot in emulation, some times over, on a machine that does other things too. */
const rackPatienceMs = 25 * 60_000;

export const slowRack = { timeout: rackPatienceMs + 5 * 60_000 };

interface NewRole {
  /** A role that is there: image, overlays and all else are its own. */
  readonly like: string;
  /** Run by a unit, which has the name of the role, as soon as the system starts. */
  readonly command?: string;
  /** That unit must be active. */
  readonly isAwaited?: boolean;
  readonly kernelArgument?: string;
  readonly deadline: string;
}

export class SlurmRack {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** `pi-image ARGS` on the rack's own service. */
  run(...args: readonly string[]): Promise<Ended> {
    const at = (name: string) => path.join(this.dir, name);
    const places = ['--config', at('cluster.yaml'), '--runtime', at('run'), '--state', at('state')];
    return piImage([...places, ...args], rackPatienceMs);
  }

  async works(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async onHead(command: string): Promise<string> {
    const { stdout } = await piImage(['rack', 'exec', '--dir', this.dir, '--', 'ssh', 'head', command]);
    return stdout.trim();
  }

  /** Empty for a node that Slurm does not have. */
  slurmOf(node: string): Promise<string> {
    return this.onHead(`sinfo -h -n ${node} -o %T`);
  }

  /** Without a command of its own: a process for each question would take the processor from the boards. */
  ask(route: string): Promise<unknown> {
    return ask(apiSocket(path.join(this.dir, 'run')), route);
  }

  async node(name: string): Promise<{ readonly role: string; readonly status: NodeStatus }> {
    return (await this.ask(`/nodes/${name}`)) as NodeAnswer;
  }

  async operation(id: string): Promise<ShownOperation> {
    return (await this.ask(`/operations/${id}`)) as ShownOperation;
  }

  control(request: RackRequest): Promise<RackStatus> {
    return askRack(path.join(this.dir, 'control.sock'), request, AbortSignal.timeout(60_000));
  }

  /** How often its power came on, or its guest restarted itself. */
  async powerOns(node: string): Promise<number> {
    const { boards } = await this.control({ verb: 'status' });
    return boards.find(({ name }) => name === node)?.powerOns ?? Number.NaN;
  }

  /** The board hangs: its processor does nothing any more, and only its power can help. */
  async freeze(node: string): Promise<void> {
    const found = await processesWith(`${this.dir}/boards/${node}/console.log`);
    const board = found.find(({ commandLine: [program = ''] }) => program.includes('qemu'));
    if (board === undefined) throw new Error(`${node} has no kernel that could hang`);
    process.kill(board.pid, 'SIGSTOP');
  }

  /** They take jobs. */
  async idle(...nodes: readonly string[]): Promise<void> {
    for (const node of nodes) await this.#until(node, 'idle', () => this.slurmOf(node).catch(() => ''));
  }

  ready(node: string): Promise<void> {
    return this.#until(node, 'ready', async () => (await this.node(node)).status.state);
  }

  async #until(node: string, wanted: string, stateOf: () => Promise<string>): Promise<void> {
    const deadline = Date.now() + rackPatienceMs;
    for (let state = ''; state !== wanted; state = await stateOf()) {
      if (Date.now() > deadline) throw new Error(`${node} is ${state}\n${await this.#consoleTail(node)}`);
      await sleep(2000);
    }
  }

  async addRole(name: string, role: NewRole): Promise<void> {
    if (role.command !== undefined) await this.#writeOverlay(name, role.command);
    await this.changeCluster((text) => {
      const block = new RegExp(`^ {2}${role.like}:\\n(?: {4}.*\\n)+`, 'm').exec(text)?.[0] ?? '';
      return text.replace(block, block + changedRole(block, name, role));
    });
    // A new overlay may have been a reason of its own to read all of it again.
    const isThere = async () => ((await this.ask('/roles')) as readonly Role[]).some((each) => each.name === name);
    while (!(await isThere())) await sleep(200);
  }

  async #writeOverlay(name: string, command: string): Promise<void> {
    const dir = path.join(this.dir, 'overlays', name);
    const units = path.join(dir, 'files/etc/systemd/system');
    await mkdir(units, { recursive: true });
    await writeFile(path.join(dir, 'overlay.yaml'), `summary: a unit of a test\nunits: { enable: [${name}] }\n`);
    const service = ['[Service]', 'Type=oneshot', 'RemainAfterExit=yes', `ExecStart=/bin/sh -c '${command}'`];
    const unit = ['[Unit]', 'DefaultDependencies=no', '', ...service, ''];
    await writeFile(path.join(units, `${name}.service`), unit.join('\n'));
  }

  /** The service reads cluster.yaml again by itself; resolves when it has. */
  async changeCluster(change: (text: string) => string): Promise<void> {
    const file = path.join(this.dir, 'cluster.yaml');
    const loads = await this.#loads();
    await writeFile(file, change(await readFile(file, 'utf8')));
    const deadline = Date.now() + 2 * 60_000;
    while ((await this.#loads()) === loads) {
      if (Date.now() > deadline) throw new Error(`the service does not take ${file}`);
      await sleep(200);
    }
  }

  async #loads(): Promise<number> {
    const log = await readFile(path.join(this.dir, 'logs', 'service.log'), 'utf8');
    return log.split('config.loaded').length;
  }

  async #consoleTail(node: string): Promise<string> {
    const text = await readFile(path.join(this.dir, 'boards', node, 'console.log'), 'utf8').catch(() => '');
    return text.split('\n').slice(-15).join('\n');
  }

  async down(): Promise<void> {
    await piImage(['rack', 'down', '--dir', this.dir]);
    await rm(this.dir, { recursive: true, force: true });
  }
}

function changedRole(block: string, name: string, { like, command, isAwaited, kernelArgument, deadline }: NewRole) {
  return block
    .replace(`${like}:`, `${name}:`)
    .replace(/(overlays: \[.*)\]/, command === undefined ? '$&' : `$1, ${name}]`)
    .replace(/(ready: \[.*)\]/, isAwaited === true ? `$1, ${name}]` : '$&')
    .replace(/(kernelArguments: \[.*)\]/, kernelArgument === undefined ? '$&' : `$1, ${kernelArgument}]`)
    .replace(/deadline: .*/, `deadline: ${deadline}`);
}

/** All boards have booted, and the compute nodes take jobs. @param image that all of them boot */
export function raiseSlurmRack(image: string, computeNodes: readonly string[]): Promise<SlurmRack> {
  const boards = ['head:controller', ...computeNodes.map((name) => `${name}:compute`)];
  return raise(image, boards, async (rack) => {
    await piImageWorks('rack', 'boot', 'head', ...computeNodes, '--dir', rack.dir);
    await rack.idle(...computeNodes);
  });
}

/** One login node is ready, and head is off: what needs no Slurm needs one board. */
export function raiseLoginRack(image: string): Promise<SlurmRack> {
  return raise(image, ['head:controller', 'node01:login'], async (rack) => {
    await piImageWorks('rack', 'boot', 'node01', '--dir', rack.dir);
    await rack.ready('node01');
  });
}

async function raise(
  image: string,
  boards: readonly string[],
  boot: (rack: SlurmRack) => Promise<void>,
): Promise<SlurmRack> {
  const rack = new SlurmRack(await mkdtemp(path.join(tmpdir(), 'pi-image-slurm-')));
  const spec = ['--image', image, '--boards', boards.join(',')];
  try {
    await piImageWorks('--state', imageState, 'rack', 'up', '--dir', rack.dir, ...spec);
    await boot(rack);
  } catch (error) {
    await rack.down();
    throw error;
  }
  return rack;
}
