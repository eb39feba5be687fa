/** A tiny image, and builds of it that are killed at a place of the program. Needs root. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { lockFileName } from '../../src/build/lock-file.ts';
import { imageVerifier } from '../../src/build/verify-image.ts';
import { readCheckSignature } from '../../src/host/image-key.ts';
import { exportsDir, imagesDir, listVersions, readStore, squashDir } from '../../src/host/image-store.ts';
import { run, type Argv } from '../../src/host/process.ts';
import { sweepObjects } from '../../src/host/store-objects.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { compiledArgv } from './compiled.ts';
import { changeBase, makeTinyImage, type PackBase, type TinyImage } from './tiny-image.ts';

const signal = AbortSignal.timeout(3_600_000);
const project = path.resolve(import.meta.dirname, '../..');

export type Ended =
  { readonly kind: 'whole' } | { readonly kind: 'killed' } | { readonly kind: 'failed'; readonly why: string };

export type Disk = 'state' | 'exports';

export class BuildLab {
  #dir = '';
  #preload = '';
  #image: TinyImage | undefined;
  readonly #mounted: string[] = [];
  /** What is made today is old for the program. */
  hoursAhead = 0;

  get dir(): string {
    return this.#dir;
  }

  /** For "node --import": what kills a program at a place. */
  get preload(): string {
    return this.#preload;
  }

  get state(): string {
    return path.join(this.#dir, 'state');
  }

  /** Beside image.yaml. */
  get lockFile(): string {
    return path.join(this.#dir, 'etc/images/tiny', lockFileName);
  }

  get images(): string {
    return imagesDir(this.state);
  }

  /** @param pack what its base becomes; a folder unless given */
  async open(pack?: PackBase): Promise<void> {
    this.#dir = await mkdtemp(path.join(tmpdir(), 'build-lab-'));
    this.#preload = await compilePreload(this.#dir);
    const network = { interface: 'eth0', address: '10.42.0.1/24', pool: '10.42.0.200-10.42.0.239' };
    const cluster = { cluster: 'plum', network, roles: { compute: { image: 'tiny', overlays: ['base'] } } };
    await mkdir(path.join(this.#dir, 'etc/images'), { recursive: true });
    await mkdir(path.join(this.#dir, 'tmp'));
    await writeFile(path.join(this.#dir, 'etc/cluster.yaml'), renderYaml(cluster));
    this.#image = await makeTinyImage(path.join(this.#dir, 'etc/images'), 'tiny', pack);
  }

  /** With a version of `content`, and saved under its name. */
  async openBuilt(content: string, build: readonly string[], pack?: PackBase): Promise<void> {
    await this.open(pack);
    await this.change(content);
    await this.command(...build);
    await this.forgetPackages();
    await this.save(content);
  }

  /** The state and the versions on small disks of their own. */
  async mountDisks(megabytes: Readonly<Record<Disk, number>>): Promise<void> {
    for (const disk of ['state', 'exports'] as const) {
      const file = path.join(this.#dir, `${disk}.img`);
      await writeFile(file, '');
      await truncate(file, megabytes[disk] * 1e6);
      await run(['mke2fs', '-q', '-t', 'ext4', '-m', '0', '-N', '8192', '-F', file], { signal });
      await mkdir(this.#placeOf(disk), { recursive: true });
      await run(['mount', '-o', 'loop', file, this.#placeOf(disk)], { signal });
      this.#mounted.unshift(this.#placeOf(disk));
    }
  }

  #placeOf(disk: Disk): string {
    return disk === 'state' ? this.state : exportsDir(this.state);
  }

  /** Of its free space so much is left. */
  async fill(disk: Disk, leftBytes: number): Promise<void> {
    const place = this.#placeOf(disk);
    const { bavail, bsize } = await statfs(place);
    const sizeBytes = Math.max(bsize, bavail * bsize - leftBytes);
    // What a file system needs for itself it does not say before.
    const script = 'head -c "$1" /dev/zero > "$2" || true';
    await run(['sh', '-c', script, 'sh', String(sizeBytes), path.join(place, 'filler')], { signal });
  }

  async empty(disk: Disk): Promise<void> {
    await rm(path.join(this.#placeOf(disk), 'filler'));
  }

  async close(): Promise<void> {
    for (const place of this.#mounted) await run(['umount', place], { signal });
    await rm(this.#dir, { recursive: true });
  }

  /** From now on a build makes every step. */
  async change(marker: string): Promise<void> {
    if (this.#image !== undefined) await changeBase(this.#image, marker);
  }

  /** @returns what it printed @throws with all that it said when it fails */
  async command(...args: readonly string[]): Promise<string> {
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    return run(this.#watched(args), { signal, env: this.#env, onLine }).catch(() => {
      throw new Error(lines.join('\n'));
    });
  }

  /** Each place of the program that changes a file or starts a program, in the order in which a run comes to it first. */
  async record(...args: readonly string[]): Promise<string[]> {
    const file = path.join(this.#dir, 'record');
    await run(this.#watched(args), { signal, env: { ...this.#env, KILL_RECORD: file } });
    return [...new Set((await readFile(file, 'utf8')).trimEnd().split('\n'))];
  }

  async kill(place: string, ...args: readonly string[]): Promise<Ended> {
    try {
      await run(this.#watched(args), { signal, env: { ...this.#env, KILL_AT: place } });
      return { kind: 'whole' };
    } catch (error) {
      const { message: why, hint } = error as Error & { hint?: string };
      return / was killed by SIGKILL$/m.test(why)
        ? { kind: 'killed' }
        : { kind: 'failed', why: `${why} ${hint ?? ''}` };
    }
  }

  get #env() {
    return { TMPDIR: path.join(this.#dir, 'tmp'), CLOCK_AHEAD: String(this.hoursAhead) };
  }

  #argv(args: readonly string[]): Argv {
    return compiledArgv(this.#dir, ...args);
  }

  #watched(args: readonly string[]): Argv {
    const [node, ...rest] = this.#argv(args);
    return [node, '--import', this.#preload, ...rest];
  }

  /** Of the newest version: over all of its files. */
  async digest(): Promise<string | undefined> {
    return (await listVersions(this.images, 'tiny'))[0]?.index;
  }

  /** What a person sees, and whether it is all there. */
  async look(): Promise<{ versions: string[]; problems: string[] }> {
    const { images, damaged } = await readStore(this.images);
    const manifests = images.get('tiny') ?? [];
    const checkSignature = await readCheckSignature(this.state);
    const check = imageVerifier(this.images, { signal, checkSignature, squashDir: squashDir(this.state) });
    const results = [];
    for (const manifest of manifests) results.push(await check(manifest));
    const problems = results.flatMap(({ image, problems: own }) => own.map((problem) => `${image}: ${problem}`));
    const unread = damaged.map(({ name, version, problem }) => `${name}@${version}: ${problem}`);
    return { versions: manifests.map(({ version }) => version).toReversed(), problems: [...unread, ...problems] };
  }

  /** Names of all that lies in the state, beside the content of layers and versions; and what lies where nothing should. */
  async listing(): Promise<string[]> {
    const skipped = new Set(['root', 'boot', '.objects']);
    const names = await listBelow(this.state, '', (name) => skipped.has(name));
    const others = await Promise.all(['tmp', 'etc/images/tiny'].map((folder) => readdir(path.join(this.#dir, folder))));
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(this.#dir));
    const objects = sweepObjects(this.images, { dryRun: true });
    return [...names, ...others.flat(), ...mounts, `${objects.files} objects without a version`];
  }

  /** What was fetched is fetched again. */
  async forgetPackages(): Promise<void> {
    await rm(path.join(this.state, 'debs'), { recursive: true });
  }

  async save(as: string): Promise<void> {
    await run(['cp', '-a', this.state, path.join(this.#dir, as)], { signal });
  }

  async restore(from: string): Promise<void> {
    await rm(this.state, { recursive: true, force: true });
    await run(['cp', '-a', path.join(this.#dir, from), this.state], { signal });
    await rm(path.join(this.#dir, 'tmp'), { recursive: true });
    await mkdir(path.join(this.#dir, 'tmp'));
  }
}

async function listBelow(dir: string, below: string, isSkipped: (name: string) => boolean): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(path.join(dir, below), { withFileTypes: true })) {
    const name = path.join(below, entry.name);
    names.push(name);
    if (entry.isDirectory() && !isSkipped(entry.name)) names.push(...(await listBelow(dir, name, isSkipped)));
  }
  return names.toSorted();
}

/** Node runs no TypeScript by itself yet. */
async function compilePreload(dir: string): Promise<string> {
  const tsc = path.join(project, 'node_modules/.bin/tsc');
  const options = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', '--types', 'node'];
  const types = ['--typeRoots', path.join(project, 'node_modules/@types')];
  await cp(path.join(import.meta.dirname, 'kill-step.mts'), path.join(dir, 'kill-step.mts'));
  await run([tsc, ...options, ...types, path.join(dir, 'kill-step.mts')], { signal });
  return path.join(dir, 'kill-step.mjs');
}
