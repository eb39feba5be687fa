/** A store on a small file system of its own, and small images to publish into it. Needs root. */
import { chmod, link, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { imageVerifier } from '../../src/build/verify-image.ts';
import { imagesDir, readStore } from '../../src/host/image-store.ts';
import { run, type Argv } from '../../src/host/process.ts';
import { hasLeftovers, removeVersion, sweepStore } from '../../src/host/store-sweep.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { compiledArgv } from './compiled.ts';
import { killedAt, type KillPoint } from './strace.ts';

const signal = AbortSignal.timeout(600_000);

export class StoreLab {
  dir = '';

  get state(): string {
    return path.join(this.dir, 'state');
  }

  get images(): string {
    return imagesDir(this.state);
  }

  get mountPoint(): string {
    return path.join(this.state, 'exports');
  }

  async open(sizeMegabytes: number): Promise<void> {
    this.dir = await mkdtemp(path.join(tmpdir(), 'store-'));
    const file = path.join(this.dir, 'exports.img');
    await writeFile(file, '');
    await truncate(file, sizeMegabytes * 1e6);
    await run(['mke2fs', '-q', '-t', 'ext4', '-m', '0', '-N', '4096', '-F', file], { signal });
    await mkdir(this.mountPoint, { recursive: true });
    await run(['mount', '-o', 'loop', file, this.mountPoint], { signal });
    await mkdir(path.join(this.dir, 'etc'), { recursive: true });
    const network = { interface: 'eth0', address: '10.42.0.1/24', pool: '10.42.0.200-10.42.0.239' };
    const cluster = { cluster: 'plum', network, roles: { compute: { image: 'small', overlays: ['base'] } } };
    await writeFile(path.join(this.dir, 'etc/cluster.yaml'), renderYaml(cluster));
    await this.makeRoot('root', 'one\n');
    const boot = path.join(this.dir, 'boot');
    await mkdir(boot);
    for (const name of ['kernel8.img', 'initramfs_uefi']) await writeFile(path.join(boot, name), name);
  }

  async close(): Promise<void> {
    await run(['umount', this.mountPoint], { signal });
    await rm(this.dir, { recursive: true });
  }

  /** A root with a bit of everything that an image has. */
  async makeRoot(name: string, motd: string): Promise<string> {
    const root = path.join(this.dir, name);
    const at = (...parts: readonly string[]) => path.join(root, ...parts);
    for (const folder of ['etc', 'usr/bin', 'usr/lib/modules/6.12', 'var/lib', 'tmp'])
      await mkdir(at(folder), { recursive: true });
    await writeFile(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    await writeFile(at('etc/motd'), motd);
    for (const number of [1, 2, 3, 4])
      await writeFile(at(`usr/bin/tool${number}`), `tool ${number}\n`, { mode: 0o755 });
    await link(at('usr/bin/tool1'), at('usr/bin/tool1-again'));
    await writeFile(at('usr/bin/ping'), 'ping\n', { mode: 0o755 });
    await run(['setcap', 'cap_net_raw+ep', at('usr/bin/ping')], { signal });
    await chmod(at('usr/bin/tool4'), 0o4755);
    await symlink('usr/bin', at('bin'));
    await run(['mknod', at('usr/lib/null'), 'c', '1', '3'], { signal });
    // As files of packages have it: what is equal is one object.
    await run(['find', root, '-exec', 'touch', '--no-dereference', '--date=@1000000000', '{}', '+'], { signal });
    return root;
  }

  argv(...args: readonly string[]): Argv {
    return compiledArgv(this.dir, ...args);
  }

  /** @returns stdout, or the message that it ended with */
  async command(...args: readonly string[]): Promise<string> {
    return run(this.argv(...args), { signal }).catch((error: Error) => error.message);
  }

  import(root: string): Argv {
    return this.argv(
      'image',
      'import',
      'small',
      '--root',
      root,
      '--boot',
      path.join(this.dir, 'boot'),
      '--boards',
      'uefi',
    );
  }

  /** Runs it until the call that kills it. @returns whether that came */
  async kill(argv: Argv, point: KillPoint): Promise<boolean> {
    const ended = await run(killedAt(point, argv), { signal }).then(
      () => 'whole',
      () => 'killed',
    );
    return ended === 'killed';
  }

  /** What a person sees, and whether it is all there. */
  async look(): Promise<{ versions: string[]; problems: string[] }> {
    const { images, damaged } = await readStore(this.images);
    const manifests = [...images.values()].flat();
    const check = imageVerifier(this.images, { signal });
    const results = await Promise.all(manifests.map(check));
    const problems = results.flatMap(({ image, problems: own }) => own.map((problem) => `${image}: ${problem}`));
    const unread = damaged.map(({ name, version, problem }) => `${name}@${version}: ${problem}`);
    return { versions: manifests.map(({ version }) => version), problems: [...unread, ...problems] };
  }

  /** As the next start does. @returns what is still left over: nothing */
  async sweep(): Promise<string[]> {
    await sweepStore(this.images);
    const again = await sweepStore(this.images);
    const left = (await hasLeftovers(this.images)) ? ['a version that was never named'] : [];
    return [...left, ...(again.files > 0 ? [`${again.files} objects without a version`] : [])];
  }

  async keepOnly(kept: readonly string[]): Promise<void> {
    for (const version of await this.names()) {
      if (!kept.includes(version)) await removeVersion(this.images, { name: 'small', version });
    }
  }

  names(): Promise<string[]> {
    return readdir(path.join(this.images, 'small')).catch((): string[] => []);
  }
}
