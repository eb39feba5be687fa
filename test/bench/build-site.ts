/** A folder with images of its own and an empty state, for builds as people run them: by the command line. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { loopFileSystems } from '../../src/cli/exports-apart.ts';
import { ensureLoopFileSystem } from '../../src/host/loop-file-system.ts';
import { run } from '../../src/host/process.ts';
import { PackageLock } from '../../src/model/package-lock.ts';
import { measure, type Measured } from './measured.ts';

/** The others have its layers. */
const firstImage = 'bench';

const project = path.resolve(import.meta.dirname, '../..');

const { signal } = new AbortController();

export class BuildSite {
  readonly dir: string;
  readonly state: string;

  private constructor(dir: string) {
    this.dir = dir;
    this.state = path.join(dir, 'state');
  }

  /** In /var/tmp: /tmp may be in memory, which no image store is. Versions have a file system of their own, as a service wants. */
  static async make(): Promise<BuildSite> {
    const site = new BuildSite(await mkdtemp('/var/tmp/pi-image-bench-'));
    const { exports } = loopFileSystems(site.state);
    await ensureLoopFileSystem({ ...exports, sizeBytes: 16 * 2 ** 30, isReserved: false }, signal);
    return site;
  }

  async remove(): Promise<void> {
    await run(['umount', '--', loopFileSystems(this.state).exports.mountPoint], { signal });
    await rm(this.dir, { recursive: true, force: true });
  }

  /** debian-lite as it is shipped, with the packages of the first image. @param more a package, in a layer of its own on top */
  async writeImage(name: string, more?: string): Promise<void> {
    const folder = path.join(this.dir, 'images', name);
    const isNew = (await stat(folder).catch(() => undefined)) === undefined;
    const text = await readFile(path.join(project, 'images/debian-lite/image.yaml'), 'utf8');
    const layer = more === undefined ? '' : `  - name: more\n    packages: [${more}]\n\n`;
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'image.yaml'), text.replace(/^boards:/m, `${layer}boards:`));
    if (isNew && name !== firstImage) await copyFile(this.#lockOf(firstImage), this.#lockOf(name));
  }

  build(name: string, ...flags: readonly string[]): Promise<Measured> {
    const places = ['--config', path.join(this.dir, 'cluster.yaml'), '--state', this.state];
    return measure([process.execPath, path.join(project, 'dist/cli/main.js'), ...places, 'build', name, ...flags]);
  }

  async readLock(name: string): Promise<PackageLock> {
    return PackageLock.parse(JSON.parse(await readFile(this.#lockOf(name), 'utf8')));
  }

  #lockOf(name: string): string {
    return path.join(this.dir, 'images', name, 'image.lock.json');
  }

  /** The layer that was made last is made again by the next build. */
  async dropNewestLayer(): Promise<void> {
    const folder = path.join(this.state, 'layers');
    const layers = await Promise.all(
      (await readdir(folder)).map(async (key) => ({ key, madeMs: (await stat(path.join(folder, key))).mtimeMs })),
    );
    const newest = layers.toSorted((a, b) => b.madeMs - a.madeMs)[0];
    if (newest !== undefined) await rm(path.join(folder, newest.key), { recursive: true });
  }

  /** Newest first. */
  async versionsOf(name: string): Promise<string[]> {
    const folder = path.join(this.state, 'exports/images', name);
    const names = (await readdir(folder)).filter((each) => /^\d+\.\d+$/.test(each));
    return names
      .toSorted()
      .toReversed()
      .map((each) => path.join(folder, each));
  }
}
