/** A storage node with a thousand nodes, and many boards that load from it at the same time. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { request } from '../../src/cli/api-client.ts';
import { run } from '../../src/host/process.ts';
import { compiledArgv } from './compiled.ts';
import { manyNodes, type ManyNode } from './many-nodes.ts';
import type { NamespaceProgram } from './namespaces.ts';
import { sampleManifest } from './sample-view.ts';
import { ServeFixture } from './serve-fixture.ts';
import type { Storm, StormResult } from './storm.ts';

/** Of the size that they have in an image, but for kernel and initramfs: those are 10 MB each. */
const bootFiles: Readonly<Record<string, number>> = {
  'start4.elf': 2_255_000,
  'fixup4.dat': 5_500,
  'bcm2711-rpi-4-b.dtb': 56_000,
  'kernel8.img': 4_000_000,
  initramfs8: 3_000_000,
  'overlays/README': 200,
};

const shared = ['base', 'ssh', 'slurm-node'];
const settings = {
  network: { interface: 'eth0', address: '10.42.0.1/16', pool: '10.42.240.1-10.42.240.250' },
  roles: {
    compute: { image: 'storm', overlays: [...shared, 'slurm-compute'], vars: { slurmPartition: 'main' } },
    controller: { image: 'storm', overlays: [...shared, 'slurm-controller'] },
    login: { image: 'storm', overlays: [...shared, 'login'] },
  },
  secrets: { mungeKey: { generateBytes: 128 } },
  slurm: { controllerRole: 'controller' },
};

export class StormSite {
  readonly fixture = new ServeFixture();
  readonly nodes: readonly ManyNode[];

  constructor(nodeCount: number) {
    this.nodes = manyNodes(nodeCount);
  }

  get bootFolder(): string {
    return path.join(this.#versionFolder, 'boot');
  }

  get #versionFolder(): string {
    return path.join(this.fixture.dir, 'state', 'exports', 'images', 'storm', '20261121.1');
  }

  async open(): Promise<void> {
    await this.fixture.open();
    await this.fixture.net.run('storage', ['ip', 'address', 'replace', '10.42.0.1/16', 'dev', 'eth0']);
    await this.fixture.writeCluster(settings);
    await this.#publish();
    await this.fixture.apply(this.nodes.map((each) => ({ ...each })));
  }

  /** Returns when all parts are up. */
  async serve(...nodeFlags: readonly string[]): Promise<NamespaceProgram> {
    const [program, ...args] = compiledArgv(this.fixture.dir, 'serve', '--no-time');
    const service = this.fixture.net.start('storage', [program, ...nodeFlags, ...args]);
    await service.line(/part\.ready part=dhcp/);
    return service;
  }

  /** Returns when every board has its address. */
  async startStorm(boardCount: number): Promise<{ readonly stop: () => Promise<StormResult> }> {
    const storm: Storm = { interface: 'end0', nodes: this.nodes.slice(0, boardCount) };
    const program = path.join(import.meta.dirname, 'storm.ts');
    // Boards have processors of their own: here they get what the storage node leaves.
    const argv = ['nice', '-n', '19', process.execPath, '--import', 'tsx', program, JSON.stringify(storm)];
    const boards = this.fixture.net.start('board', argv);
    await boards.line(/^loading$/);
    const stop = async () => {
      await boards.stop();
      return JSON.parse(boards.lines.at(-1) ?? '') as StormResult;
    };
    return { stop };
  }

  /** Resolves when it is acknowledged. @throws Error when there was nothing to change */
  async setRole(node: ManyNode | undefined, role: string): Promise<void> {
    const answer = await request(this.fixture.socket, 'PUT', `/nodes/${node?.name}/role`, { role });
    const isChanged = answer.kind === 'answer' && (answer.body as { isChanged?: boolean }).isChanged;
    if (isChanged !== true) throw new Error(`${node?.name} did not become ${role}: ${JSON.stringify(answer)}`);
  }

  /** The command, compiled, as an operator runs it. @returns stdout */
  command(...args: readonly string[]): Promise<string> {
    return run(compiledArgv(this.fixture.dir, ...args), { signal: AbortSignal.timeout(60_000) });
  }

  close(): Promise<void> {
    return this.fixture.close();
  }

  async #publish(): Promise<void> {
    const folder = this.#versionFolder;
    await mkdir(path.join(folder, 'root'), { recursive: true });
    await mkdir(path.join(folder, 'boot', 'overlays'), { recursive: true });
    for (const [name, sizeBytes] of Object.entries(bootFiles)) {
      await writeFile(path.join(folder, 'boot', name), Buffer.alloc(sizeBytes, name));
    }
    const files = Object.entries(bootFiles).map(([name, sizeBytes]) => [name, { sha256: '0'.repeat(64), sizeBytes }]);
    const manifest = sampleManifest({ name: 'storm', version: '20261121.1', bootFiles: Object.fromEntries(files) });
    await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  }
}
