/** A whole service with Slurm and two boards beside it, killed at each line of its journal and started again, as often as it takes. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { request } from '../../src/cli/api-client.ts';
import type { PublicBoot } from '../../src/model/node-status.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Rollout } from '../../src/model/rollout.ts';
import { compiledArgv } from './compiled.ts';
import type { NamespaceProgram } from './namespaces.ts';
import { ServeFixture, storageAddress } from './serve-fixture.ts';

export interface LightBoard {
  /** Address of the storage node. */
  readonly server: string;
  readonly interface: string;
  readonly mac: string;
  readonly serial: string;
  /** There while it takes orders. */
  readonly upFile: string;
  /** Fails with a command line that this pattern fits. */
  readonly bad: string;
}

const boards = [1, 2].map((number) => ({
  name: `node0${number}`,
  serial: `9ffefd0${number}`,
  mac: `dc:a6:32:00:01:0${number}`,
  board: 'pi4',
  address: `10.42.0.1${number}`,
  role: 'compute',
}));
const head = { name: 'head', serial: '9ffefdff', board: 'pi4', address: '10.42.0.10', role: 'controller' };

/** What it says when it has written a step down, or has told a node to reboot. */
const journal = / (?:operation|rollout)\.[a-z-]+ | node\.rebooting /;

/** Each of some dozen starts takes a second where nothing else goes on. */
const patienceMs = 600_000;

/** Slurm's controller, and sshd of each node: a command is the last word, and a node that is not up takes none. */
const ssh = (dir: string) => `#!/bin/sh
for word; do case $word in root@*) address=\${word#root@} ;; esac; done
command=$word
node=\${command#*nodename=} node=\${node%% *}
say() { echo "$1" > ${dir}/$node.$$ && mv ${dir}/$node.$$ ${dir}/slurm/$node; }
case $command in
  *'show nodes') cd ${dir}/slurm && for node in *; do echo "NodeName=$node Arch=aarch64 State=$(cat $node)"; done ;;
  *state=drain*) reason=\${command#*reason=?} && say "IDLE+DRAIN Reason=\${reason%?}" ;;
  *state=resume) say IDLE ;;
  *reboot) rm ${dir}/up-$address || exit 255 ;;
esac
`;

interface Told {
  readonly route: string;
  readonly body: Record<string, unknown>;
}

export class OperationSite {
  readonly #fixture = new ServeFixture();

  get #dir(): string {
    return path.join(this.#fixture.dir, 'nodes');
  }

  /** @param bad boards fail with a command line that this pattern fits */
  async open(bad: string): Promise<void> {
    const fixture = this.#fixture;
    await fixture.open();
    const image = { image: 'small', overlays: ['base', 'slurm-node', 'slurm-compute'] };
    const login = { image: 'small', overlays: ['base'] };
    await fixture.writeCluster({
      roles: { compute: image, login, sick: { ...login, kernelArguments: ['sick'] }, controller: login },
      secrets: { mungeKey: { generateBytes: 128 } },
      slurm: { controllerRole: 'controller' },
    });
    await fixture.apply([head, ...boards]);
    await mkdir(path.join(this.#dir, 'slurm'), { recursive: true });
    await writeFile(path.join(this.#dir, 'ssh'), ssh(this.#dir));
    await chmod(path.join(this.#dir, 'ssh'), 0o755);
    await this.#cable();
    for (const board of boards) await this.#switchOn(board, bad);
  }

  publish(version: string): Promise<void> {
    return this.#fixture.publish(version, `${version}\n`);
  }

  /** The namespace that has the other end of the storage node's cable becomes the switch. */
  async #cable(): Promise<void> {
    const { net } = this.#fixture;
    await net.run('board', ['ip', 'link', 'add', 'switch', 'type', 'bridge', 'forward_delay', '0']);
    await net.run('board', ['ip', 'link', 'set', 'switch', 'up']);
    for (const { name, mac } of boards) {
      await net.add(name);
      await net.cable({ namespace: 'board', interface: name }, { namespace: name, interface: 'end0', mac });
    }
    for (const port of ['end0', ...boards.map(({ name }) => name)]) {
      await net.run('board', ['ip', 'link', 'set', port, 'master', 'switch']);
    }
  }

  async #switchOn({ name, mac, serial, address }: (typeof boards)[number], bad: string): Promise<void> {
    await writeFile(path.join(this.#dir, 'slurm', name), 'IDLE\n');
    const upFile = path.join(this.#dir, `up-${address}`);
    const spec: LightBoard = { server: storageAddress, interface: 'end0', mac, serial, upFile, bad };
    const program = path.join(import.meta.dirname, 'light-board.ts');
    this.#fixture.net.start(name, [process.execPath, '--import', 'tsx', program, JSON.stringify(spec)]);
  }

  async serve(): Promise<NamespaceProgram> {
    const found = `PATH=${this.#dir}:${process.env['PATH'] ?? ''}`;
    const argv = compiledArgv(this.#fixture.dir, 'serve', '--no-time');
    const service = this.#fixture.net.start('storage', ['env', found, ...argv]);
    await service.line(/part\.ready part=api$/);
    return service;
  }

  /** @returns undefined while there is no service */
  async #ask<T>(route: string): Promise<T | undefined> {
    const answer = await request(this.#fixture.socket, 'GET', route).catch(() => undefined);
    return answer?.kind === 'answer' && answer.status === 200 ? (answer.body as T) : undefined;
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`${what} did not come: ${JSON.stringify(await this.outcome())}`);
      await sleep(200);
    }
  }

  async ready(): Promise<void> {
    const isReady = async (name: string) => (await this.#ask<NodeAnswer>(`/nodes/${name}`))?.status.state === 'ready';
    for (const { name } of boards) await this.#until(`${name} ready`, () => isReady(name));
  }

  /** A service that has not seen a new version yet refuses to roll it out. */
  async tell({ route, body }: Told): Promise<void> {
    await this.#until(route, async () => {
      const answer = await request(this.#fixture.socket, 'POST', route, body);
      return answer.kind === 'answer' && answer.status < 300;
    });
  }

  /** Operations and rollouts have ended. */
  async ended(): Promise<void> {
    const all = async () => [
      ...((await this.#ask<Operation[]>('/operations')) ?? [{ endedAtMs: undefined }]),
      ...((await this.#ask<Rollout[]>('/rollouts')) ?? [{ endedAtMs: undefined }]),
    ];
    await this.#until('the end', async () => (await all()).every(({ endedAtMs }) => endedAtMs !== undefined));
  }

  /** A life after the other, until all has ended. @returns how often it was killed */
  async killed(first: NamespaceProgram, ended: Promise<void>): Promise<number> {
    const over = ended.then(() => false);
    for (let service = first, kills = 0; ; kills += 1) {
      const hasWritten = service.line(journal).then(
        () => true,
        () => false,
      );
      if (!(await Promise.race([over, hasWritten]))) return kills;
      service.signal('SIGKILL');
      await service.ended;
      service = await this.serve();
    }
  }

  /** All that an operation is to leave behind, without times. */
  async outcome() {
    const nodes = boards.map(async ({ name }) => {
      const node = await this.#ask<NodeAnswer>(`/nodes/${name}`);
      const boots = await this.#ask<PublicBoot[]>(`/nodes/${name}/boots`);
      return {
        role: node?.role,
        state: node?.status.state,
        boots: boots?.map(({ role, image, closed }) => `${role} ${image} ${closed?.reason}`),
      };
    });
    const operations = (await this.#ask<(Operation & { counts: object })[]>('/operations')) ?? [];
    const rollouts = (await this.#ask<Rollout[]>('/rollouts')) ?? [];
    const slurm = (await readdir(path.join(this.#dir, 'slurm'))).toSorted().map(async (name) => {
      return `${name} ${(await readFile(path.join(this.#dir, 'slurm', name), 'utf8')).trim()}`;
    });
    return {
      nodes: await Promise.all(nodes),
      operations: operations.map(({ id, state, reason, counts }) => ({ id, state, reason, counts })),
      rollouts: rollouts.map(({ id, state, reason, nodes: members }) => ({ id, state, reason, members })),
      slurm: await Promise.all(slurm),
    };
  }

  close(): Promise<void> {
    return this.#fixture.close();
  }
}
