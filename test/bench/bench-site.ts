/** A storage node and a network for measuring: the whole service with many nodes, or another server in its place. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import { updateState } from '../../src/host/state-file.ts';
import type { BoardName } from '../../src/model/board.ts';
import type { State } from '../../src/model/state.ts';
import { compiledArgv } from '../support/compiled.ts';
import { manyNodes, type ManyNode } from '../support/many-nodes.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { sampleManifest } from '../support/sample-view.ts';
import { ServeFixture } from '../support/serve-fixture.ts';
import { Processor } from './processor.ts';

export const storageAddress = '10.42.0.1';
export const relayAddress = '10.42.0.2';

/** Of the size that they have in an image. */
export const bootFiles: Readonly<Record<string, number>> = {
  'start4.elf': 2_255_000,
  'fixup4.dat': 5_500,
  'bcm2711-rpi-4-b.dtb': 56_000,
  'kernel8.img': 9_000_000,
  initramfs8: 2_600_000,
  'overlays/README': 200,
};

/** Small enough for a server that waits 2 s for each lost packet to send one in the 30 s that a board gives it. */
export const lossyFiles: Readonly<Record<string, number>> = Object.fromEntries(
  ['overlays/a.dtbo', 'overlays/b.dtbo', 'overlays/c.dtbo', 'overlays/d.dtbo'].map((name) => [name, 500_000]),
);

const publishedFiles = { ...bootFiles, ...lossyFiles };

const settings = {
  network: { interface: 'eth0', address: `${storageAddress}/16`, pool: '10.42.16.1-10.42.191.250' },
  roles: { compute: { image: 'bench', overlays: ['base'] }, controller: { image: 'bench', overlays: ['base'] } },
};

/** The family that dhcp-load gives to boards whose serials begin with 10. */
const macOfFamily = 'dc:a6:32:10:';

export type BenchNode = Omit<ManyNode, 'board'> & { readonly board: BoardName };

/** Of one program while something was asked of it. */
export interface Cost {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

export class BenchSite {
  readonly fixture = new ServeFixture();
  readonly nodes: readonly BenchNode[];

  constructor(nodes: readonly BenchNode[]) {
    this.nodes = nodes;
  }

  static nodes(count: number, board: (index: number) => BoardName): BenchNode[] {
    return manyNodes(count).map(({ name, serial, mac, address, role }, index) => {
      return {
        name,
        serial,
        mac: `${macOfFamily}${mac.slice(macOfFamily.length)}`,
        board: board(index),
        address,
        role,
      };
    });
  }

  get bootFolder(): string {
    return path.join(this.fixture.dir, 'state/exports/images/bench/20261121.1/boot');
  }

  async open(): Promise<void> {
    const { fixture } = this;
    await fixture.open();
    await fixture.net.run('storage', ['ip', 'address', 'replace', `${storageAddress}/16`, 'dev', 'eth0']);
    await fixture.writeCluster(settings);
    await this.#publish();
    await fixture.apply(this.nodes.map((each) => ({ ...each })));
    const addresses = [relayAddress, ...this.nodes.map(({ address }) => address)];
    const batch = path.join(fixture.dir, 'addresses');
    await writeFile(batch, addresses.map((address) => `address add ${address}/16 dev end0\n`).join(''));
    await fixture.net.run('board', ['ip', '-batch', batch]);
  }

  /** While nothing runs. */
  async forgetBoards(): Promise<void> {
    const forget = (state: State) => ({ ...state, unknownBoards: [] });
    await updateState(path.join(this.fixture.dir, 'state'), forget, AbortSignal.timeout(30_000));
  }

  /** The service as it is installed; returns when all parts are up. */
  async startPiImage(): Promise<NamespaceProgram> {
    const service = this.fixture.net.start('storage', compiledArgv(this.fixture.dir, 'serve', '--no-time'));
    await service.line(/part\.ready part=dhcp/);
    await service.line(/part\.ready part=tftp/);
    return service;
  }

  /** Has `load` done, ends the program, and says what the load cost it. */
  async cost<Result>(program: NamespaceProgram, load: () => Promise<Result>): Promise<{ result: Result; cost: Cost }> {
    const processor = await Processor.of(program.pid);
    try {
      const before = await processor.seconds();
      const result = await load();
      const cpuSeconds = (await processor.seconds()) - before;
      return { result, cost: { cpuSeconds, peakRssBytes: await processor.peakRssBytes() } };
    } finally {
      await program.stop();
      await processor.remove();
    }
  }

  close(): Promise<void> {
    return this.fixture.close();
  }

  async #publish(): Promise<void> {
    const folder = this.bootFolder;
    await mkdir(path.join(folder, '../root'), { recursive: true });
    await mkdir(path.join(folder, 'overlays'), { recursive: true });
    for (const [name, sizeBytes] of Object.entries(publishedFiles)) {
      await writeFile(path.join(folder, name), Buffer.alloc(sizeBytes, `${name} `));
    }
    const files = Object.entries(publishedFiles).map(([name, sizeBytes]) => [
      name,
      { sha256: '0'.repeat(64), sizeBytes },
    ]);
    const manifest = sampleManifest({ name: 'bench', version: '20261121.1', bootFiles: Object.fromEntries(files) });
    await writeFile(path.join(folder, '../manifest.json'), JSON.stringify(manifest));
  }
}

/** Compiles a load generator that lies beside this file. @returns its path */
export async function compileLoad(name: string, dir: string): Promise<string> {
  const program = path.join(dir, name);
  const source = path.join(import.meta.dirname, `${name}.c`);
  await run(['cc', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source], {
    signal: AbortSignal.timeout(60_000),
  });
  return program;
}
