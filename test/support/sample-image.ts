/** An image of the tests' own on the base of debian-lite, which is in the cache: building it takes seconds, not minutes. */
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ImageManifest } from '../../src/model/manifest.ts';
import { imageState, openStore, piImage, startPiImage, type Ended } from './pi-image.ts';

const spec = (layers: string) => `base: { apt: { suite: trixie, sources: [debian] } }
layers:
${layers}
boards: [pi3, pi4, pi5, uefi]
`;

/** The layers of a shipped image, as `SampleImage.describe` takes them: in the cache where that image was built. */
export async function shippedLayers(name: string): Promise<string> {
  const file = path.resolve(import.meta.dirname, '../../images', name, 'image.yaml');
  return /^layers:\n(.*?)^boards:/ms.exec(await readFile(file, 'utf8'))?.[1] ?? '';
}

export class SampleImage {
  readonly name: string;
  readonly dir: string;

  constructor(name: string, dir: string) {
    this.name = name;
    this.dir = dir;
  }

  /** Below images/<name>/. */
  file(name: string): string {
    return path.join(this.dir, 'images', this.name, name);
  }

  get versionsDir(): string {
    return path.join(imageState, 'exports/images', this.name);
  }

  /** Published versions, oldest first; and what is in the making. */
  async versions(): Promise<string[]> {
    const names = await readdir(this.versionsDir).catch((): string[] => []);
    return names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  async newestRoot(): Promise<string> {
    return path.join(this.versionsDir, (await this.versions()).at(-1) ?? '', 'root');
  }

  /** @param layers lines of YAML, indented by two */
  async describe(layers: string): Promise<void> {
    await writeFile(this.file('image.yaml'), spec(layers));
  }

  async addProgram(name: string, script: string): Promise<void> {
    await writeFile(this.file(name), `#!/bin/sh\nset -eu\n${script}\n`);
    await chmod(this.file(name), 0o755);
  }

  args(...more: string[]): string[] {
    return ['--state', imageState, '--config', path.join(this.dir, 'cluster.yaml'), ...more];
  }

  build(...flags: string[]): Promise<Ended> {
    return piImage(this.args('build', this.name, ...flags), 20 * 60_000);
  }

  /** manifest.json of the newest version. */
  async newestManifest(): Promise<ImageManifest> {
    const file = path.join(path.dirname(await this.newestRoot()), 'manifest.json');
    return ImageManifest.parse(JSON.parse(await readFile(file, 'utf8')));
  }

  startBuild(): ReturnType<typeof startPiImage> {
    return startPiImage(this.args('build', this.name));
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true });
    await rm(this.versionsDir, { recursive: true, force: true });
    for (const file of [
      `locks/${this.name}.json`,
      `ids/${this.name}.json`,
      `builds/${this.name}.json`,
      `builds/${this.name}.log`,
    ]) {
      await rm(path.join(imageState, file), { force: true });
    }
  }
}

/** Starts from the lock of debian-lite, so that its base is the one in the cache. */
export async function makeSampleImage(name: string): Promise<SampleImage> {
  await openStore(imageState);
  const image = new SampleImage(name, await mkdtemp(path.join(tmpdir(), 'sample-image-')));
  await mkdir(path.dirname(image.file('image.yaml')), { recursive: true });
  await copyFile(path.join(imageState, 'locks/debian-lite.json'), path.join(imageState, `locks/${name}.json`));
  return image;
}
