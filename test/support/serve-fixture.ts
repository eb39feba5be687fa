/** A storage node in a namespace of its own, with a small image, and a board beside it: for tests of the whole service. */
import { cp, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { request } from '../../src/cli/api-client.ts';
import { areAllSigned, makeImageKey } from '../../src/host/image-key.ts';
import { ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { endProcess, isAlive } from '../../src/host/pid-file.ts';
import { run, type Argv } from '../../src/host/process.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { HealthAnswer } from '../../src/api/actions.ts';
import { Namespaces, type NamespaceProgram } from './namespaces.ts';
import { sampleManifest } from './sample-view.ts';

const silent = { info: () => undefined, warn: () => undefined };
const project = path.resolve(import.meta.dirname, '../..');
/** For one command, on a machine that does other things too. */
const patience = () => AbortSignal.timeout(120_000);

export const storageAddress = '10.42.0.1';
export const boardMac = 'dc:a6:32:00:00:01';
export const boardAddress = '10.42.0.11';
export const boardNode = { name: 'node01', mac: boardMac, board: 'pi4', address: boardAddress, role: 'compute' };
export const kernelBytes = 300_000;

export class ServeFixture {
  readonly net = new Namespaces();
  readonly #services: NamespaceProgram[] = [];
  dir = '';

  get socket(): string {
    return path.join(this.dir, 'run', 'api.sock');
  }

  async open(): Promise<void> {
    this.dir = await mkdtemp(path.join(tmpdir(), 'serve-'));
    await this.#mountOwnFileSystems();
    await this.writeCluster();
    await this.publish('20261121.1', 'first\n');
    await this.net.add('storage');
    await this.net.add('board');
    const storage = { namespace: 'storage', interface: 'eth0', address: `${storageAddress}/24` };
    await this.net.cable(storage, { namespace: 'board', interface: 'end0', mac: boardMac });
  }

  /** As "pi-image init" makes them, in memory: the service serves from no others. */
  async #mountOwnFileSystems(): Promise<void> {
    for (const folder of this.#ownFileSystems) {
      await mkdir(folder, { recursive: true });
      await run(['mount', '-t', 'tmpfs', '-o', 'size=256m', 'serve-fixture', folder], { signal: patience() });
    }
  }

  get #ownFileSystems(): string[] {
    return [path.join(this.dir, 'state', 'exports'), path.join(this.dir, 'shares')];
  }

  async writeCluster(more: Record<string, unknown> = {}): Promise<void> {
    await mkdir(path.join(this.dir, 'etc'), { recursive: true });
    const cluster = {
      cluster: 'plum',
      network: { interface: 'eth0', address: `${storageAddress}/24`, pool: '10.42.0.200-10.42.0.239' },
      roles: { compute: { image: 'small', overlays: ['base'] }, other: { image: 'absent' } },
      shares: [{ name: 'home', path: path.join(this.dir, 'shares', 'home'), mount: '/home' }],
      ...more,
    };
    await writeFile(path.join(this.dir, 'etc', 'cluster.yaml'), renderYaml(cluster));
    // Known by name, never built.
    const absent = path.join(this.dir, 'etc', 'images', 'absent');
    await mkdir(absent, { recursive: true });
    await cp(path.join(project, 'images', 'debian-lite', 'image.yaml'), path.join(absent, 'image.yaml'));
  }

  /** A version of the image whose root has one file. @param files sizes of its boot files; they are full of holes */
  async publish(version: string, motd: string, files?: Readonly<Record<string, number>>): Promise<void> {
    const folder = path.join(this.dir, 'state', 'exports', 'images', 'small', version);
    await mkdir(path.join(folder, 'root', 'etc'), { recursive: true });
    await mkdir(path.join(folder, 'boot'), { recursive: true });
    await writeFile(path.join(folder, 'root', 'etc', 'motd'), motd);
    const sizes = files ?? { 'kernel8.img': kernelBytes };
    if (files === undefined)
      await writeFile(path.join(folder, 'boot', 'kernel8.img'), Buffer.alloc(kernelBytes, version));
    else for (const [name, size] of Object.entries(files)) await writeHole(path.join(folder, 'boot', name), size);
    const entries = Object.entries(sizes).map(([name, sizeBytes]) => [name, { sha256: '0'.repeat(64), sizeBytes }]);
    const bootFiles = Object.fromEntries(entries) as Record<string, { sha256: string; sizeBytes: number }>;
    const manifest = JSON.stringify(sampleManifest({ name: 'small', version, bootFiles }));
    // The first start of a service signs what is there; from then on, who publishes does.
    const state = path.join(this.dir, 'state');
    const key = (await areAllSigned(state)) ? await makeImageKey(state, silent) : undefined;
    if (key !== undefined) await writeFile(path.join(folder, 'manifest.sig'), key.sign(manifest));
    await writeFile(path.join(folder, 'manifest.json'), manifest);
  }

  argv(...args: readonly string[]): Argv {
    const at = (name: string) => path.join(this.dir, name);
    const paths = ['--config', at('etc/cluster.yaml'), '--state', at('state'), '--runtime', at('run')];
    return [process.execPath, '--import', 'tsx', path.join(project, 'src/cli/main.ts'), ...paths, ...args];
  }

  /** On the storage node, until it ends. @returns stdout */
  command(...args: readonly string[]): Promise<string> {
    return run(this.argv(...args), { signal: patience(), cwd: project });
  }

  async apply(nodes: readonly Record<string, unknown>[]): Promise<string> {
    const file = path.join(this.dir, 'nodes.yaml');
    await writeFile(file, renderYaml(nodes));
    return this.command('apply', '-f', file, '--yes');
  }

  /** Returns at once. */
  startServe(...flags: readonly string[]): NamespaceProgram {
    const service = this.net.start('storage', this.argv('serve', ...flags));
    this.#services.push(service);
    return service;
  }

  /** Returns when the last part, DHCP, is up. */
  async serve(...flags: readonly string[]): Promise<NamespaceProgram> {
    const service = this.startServe(...flags);
    await service.line(/part\.ready part=dhcp/);
    return service;
  }

  async health(): Promise<HealthAnswer | undefined> {
    const answer = await request(this.socket, 'GET', '/healthz');
    return answer.kind === 'answer' ? (answer.body as HealthAnswer) : undefined;
  }

  /** Part -> its problems, of those that have some. */
  async problems(): Promise<Record<string, string>> {
    const parts = (await this.health())?.parts ?? [];
    const red = parts.filter((part) => part.problems.length > 0);
    return Object.fromEntries(red.map(({ name, problems }) => [name, problems.join('; ')]));
  }

  /** The board is switched on: DHCP as its firmware asks, and the address it gets. */
  async powerOn(): Promise<void> {
    const script = path.join(this.dir, 'bound.sh');
    const lines = ['#!/bin/sh', 'test "$1" = bound && ip address replace "$ip/24" dev "$interface"', 'exit 0', ''];
    await writeFile(script, lines.join('\n'), { mode: 0o755 });
    const asked = ['-V', 'PXEClient:Arch:00000:UNDI:002001', '-t', '4', '-T', '1'];
    await this.onBoard('busybox', 'udhcpc', '-i', 'end0', '-f', '-n', '-q', ...asked, '-s', script);
  }

  onBoard(...argv: Argv): Promise<string> {
    return this.net.run('board', argv);
  }

  /** Without the command, which may be what a test found broken. */
  async #endNfs(): Promise<void> {
    const { config } = ganeshaFiles(path.join(this.dir, 'state', 'nfs'));
    for (const pid of await processesWith(config)) await endProcess(pid, config, 5000);
  }

  /** Ends the NFS server too, which no end of the service does. */
  async close(): Promise<void> {
    for (const service of this.#services) await service.stop();
    await this.#endNfs();
    await this.net.close();
    for (const folder of this.#ownFileSystems) await run(['umount', '--lazy', folder], { signal: patience() });
    await rm(this.dir, { recursive: true });
  }
}

/** By /proc: one whose service was killed as it started has no pid file yet. */
async function processesWith(argument: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) if (await isAlive(pid, argument)) found.push(pid);
  return found;
}

async function writeHole(file: string, sizeBytes: number): Promise<void> {
  await writeFile(file, '');
  await truncate(file, sizeBytes);
}
