/** Container images laid over one another with real tar, gzip and zstd, from a layout, both archives and a registry. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { resolveBase, unpackBase } from '../../src/build/unpack-base.ts';
import type { BaseContext } from '../../src/build/unpack-context.ts';
import { run } from '../../src/host/process.ts';
import type { OciBase } from '../../src/model/image-base.ts';
import { describeTree } from '../support/card-image.ts';
import {
  makeLayer,
  makeOciImage,
  startRegistry,
  writeDockerArchive,
  writeLayout,
  type MadeImage,
  type MadeLayer,
} from '../support/oci-image.ts';

const signal = AbortSignal.timeout(600_000);

/** Three layers, and what each kind of change in the upper ones leaves. */
const scripts = {
  base: `
mkdir -p etc usr/bin usr/share/doc var/lib/old opt/tool run
printf 'root:x:0:0::/root:/bin/sh\\n' > etc/passwd; printf 'root:x:0:\\n' > etc/group
ln -s usr/bin bin; ln -s /usr/share usr/absolute
echo sh > usr/bin/sh; echo gone > usr/bin/gone; echo kept > usr/bin/kept
echo one > var/lib/old/one; echo two > var/lib/old/two
mkdir -p opt/tool/inside; echo x > opt/tool/inside/file
echo capable > usr/bin/capable; setcap cap_net_bind_service+ep usr/bin/capable
mknod dev-null c 1 3; chown 1000:1001 usr/bin/kept; chmod 4711 usr/bin/sh
find . -exec touch -h -d @1650000000 {} +`,
  changes: `
mkdir -p usr/bin var/lib/old opt etc
: > usr/bin/.wh.gone; : > var/lib/old/.wh..wh..opq; echo three > var/lib/old/three
echo now-a-file > opt/tool; echo changed > etc/changed
find . -exec touch -h -d @1650000001 {} +`,
  // A hard link whose other name came with the layer below, and files reached through links of the image.
  links: `
mkdir -p etc usr/bin bin usr/absolute; echo changed > etc/changed; ln etc/changed etc/linked
echo through > bin/through; echo through > usr/absolute/note; : > bin/.wh.kept
find . -exec touch -h -d @1650000002 {} +`,
} as const;

let shared = '';
let layers: MadeLayer[] = [];
let image: MadeImage;
beforeAll(async () => {
  shared = await mkdtemp(path.join(tmpdir(), 'oci-made-'));
  layers = [
    await makeLayer(shared, scripts.base, { packing: 'gzip', signal }),
    await makeLayer(shared, scripts.changes, { packing: 'zstd', signal }),
    await makeLayer(shared, scripts.links, {
      packing: 'tar',
      // No folders: those behind links would take the links' places.
      members: ['./etc/changed', './etc/linked', './bin/through', './usr/absolute/note', './bin/.wh.kept'],
      dropped: './etc/changed',
      signal,
    }),
  ];
  image = makeOciImage(layers);
}, 60_000);
afterAll(() => rm(shared, { recursive: true }));

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'unpack-oci-'));
});
afterEach(() => rm(dir, { recursive: true }));

const context = (more: Partial<BaseContext> = {}): BaseContext => ({
  specDir: dir,
  stateDir: path.join(dir, 'state'),
  offline: false,
  progress: { detail: () => undefined },
  signal,
  ...more,
});

async function unpack(oci: OciBase, name = 'root'): Promise<string> {
  const target = path.join(dir, name);
  const resolved = await resolveBase({ oci }, context());
  await unpackBase(resolved, { target, workDir: path.join(dir, 'work') }, context());
  return target;
}

/** tar gives folders that the archive does not name the time at which it runs. */
const withoutFolderTimes = async (root: string) =>
  (await describeTree(root, signal)).replaceAll(/^(\S+ d \d+ \d+ \d+) \S+/gm, '$1');

const text = (root: string, file: string) => readFile(path.join(root, file), 'utf8');

describe('a layout', () => {
  test('gives what all layers together make', async () => {
    await writeLayout(path.join(dir, 'layout'), image);
    const root = await unpack({ layout: 'layout' });
    expect((await readdir(root)).toSorted()).toEqual(['bin', 'dev-null', 'etc', 'opt', 'run', 'usr', 'var']);
    expect((await readdir(path.join(root, 'usr/bin'))).toSorted()).toEqual(['capable', 'sh', 'through']);
    expect(await readdir(path.join(root, 'var/lib/old'))).toEqual(['three']);
    expect(await text(root, 'opt/tool')).toBe('now-a-file\n');
    expect(await text(root, 'usr/share/note')).toBe('through\n');
    const [one, other] = [await stat(path.join(root, 'etc/changed')), await stat(path.join(root, 'etc/linked'))];
    expect(one.ino).toBe(other.ino);
    expect(await run(['getcap', path.join(root, 'usr/bin/capable')], { signal })).toContain('cap_net_bind_service=ep');
    const { mode } = await stat(path.join(root, 'usr/bin/sh'));
    expect(mode & 0o7777).toBe(0o4711);
    expect((await stat(path.join(root, 'dev-null'))).isCharacterDevice()).toBe(true);
  });

  test('is known by the manifest for arm64', async () => {
    await writeLayout(path.join(dir, 'layout'), image);
    expect((await resolveBase({ oci: { layout: 'layout' } }, context())).digest).toBe(image.manifestDigest);
  });

  test('with a layer that was changed is refused', async () => {
    await writeLayout(path.join(dir, 'layout'), image);
    const blobs = path.join(dir, 'layout/blobs/sha256');
    for (const [digest, content] of image.blobs) {
      if (content.equals(layers[0]?.packed ?? Buffer.alloc(0))) await writeFile(path.join(blobs, digest), 'other');
    }
    await expect(unpack({ layout: 'layout' })).rejects.toThrow('is not what the image says');
  });

  test('whose layers are packed otherwise than its configuration says is refused', async () => {
    const [first] = layers;
    if (first === undefined) throw new Error('a layer');
    const other = makeOciImage([{ ...first, tar: Buffer.from('other') }]);
    await writeLayout(path.join(dir, 'layout'), other);
    await expect(unpack({ layout: 'layout' })).rejects.toThrow('what is packed in');
  });

  test('for another machine is refused', async () => {
    await writeLayout(path.join(dir, 'layout'), makeOciImage(layers, 'riscv64'));
    await expect(unpack({ layout: 'layout' })).rejects.toThrow(
      'layout has no image for arm64, only for linux/amd64, linux/riscv64, unknown/unknown',
    );
  });
});

test('both archives give the same tree', async () => {
  await writeLayout(path.join(dir, 'layout'), image);
  await run(['tar', '-czf', path.join(dir, 'oci.tar.gz'), '-C', path.join(dir, 'layout'), '.'], { signal });
  await writeDockerArchive(path.join(dir, 'docker.tar'), layers, image, signal);
  const trees = [
    await unpack({ layout: 'layout' }, 'one'),
    await unpack({ archive: 'oci.tar.gz' }, 'two'),
    await unpack({ archive: 'docker.tar' }, 'three'),
  ];
  const [one, two, three] = await Promise.all(trees.map(withoutFolderTimes));
  expect(two).toBe(one);
  expect(three).toBe(one);
  expect((await resolveBase({ oci: { archive: 'oci.tar.gz' } }, context())).digest).toBe(image.manifestDigest);
  expect((await resolveBase({ oci: { archive: 'docker.tar' } }, context())).digest).toBe(image.configDigest);
});

describe('a layer that was made to harm', () => {
  test.each([
    [
      'a link out of the image',
      'mkdir -p etc usr; echo x > etc/passwd; ln -s "$OUT" out',
      'mkdir out; echo bad > out/bad',
    ],
    [
      'one step upwards',
      'mkdir -p etc usr; echo x > etc/passwd; ln -s ../../../../../.. up',
      'mkdir -p "up$OUT"; echo bad > "up$OUT/bad"',
    ],
    [
      'a name to remove behind a link',
      'mkdir -p etc usr; echo x > etc/passwd; ln -s "$OUT" out',
      'mkdir out; : > out/.wh.victim',
    ],
  ])('%s reaches nothing outside', async (_what, first, second) => {
    const out = path.join(dir, 'outside');
    await mkdir(out);
    await writeFile(path.join(out, 'victim'), '');
    const set = `OUT=${out}; `;
    const lower = await makeLayer(dir, set + first, { signal });
    const names = second.includes('.wh.')
      ? ['out/.wh.victim']
      : second.includes('up$OUT')
        ? [`up${out}/bad`]
        : ['out/bad'];
    const upper = await makeLayer(dir, set + second, { members: names, signal });
    await writeLayout(path.join(dir, 'layout'), makeOciImage([lower, upper]));
    await unpack({ layout: 'layout' }).catch(() => undefined);
    expect(await readdir(out)).toEqual(['victim']);
  });
});

describe('a registry', () => {
  test.each([false, true])('gives the same, also with a token (%s)', async (wantsToken) => {
    const registry = await startRegistry(image);
    registry.wantsToken = wantsToken;
    try {
      const reference = `${registry.host}/demo/pi:latest@sha256:${image.indexDigest}`;
      const root = await unpack({ registry: reference });
      expect(await text(root, 'opt/tool')).toBe('now-a-file\n');
      expect(registry.asked.some((line) => line.startsWith('GET /token?service=demo&scope=repository'))).toBe(
        wantsToken,
      );
    } finally {
      await registry.close();
    }
  });

  test('is not needed again', async () => {
    const registry = await startRegistry(image);
    const oci = { registry: `${registry.host}/demo/pi@sha256:${image.manifestDigest}` };
    await unpack({ ...oci }, 'first');
    await registry.close();
    const resolved = await resolveBase({ oci }, context({ offline: true }));
    const place = { target: path.join(dir, 'second'), workDir: path.join(dir, 'work') };
    await unpackBase(resolved, place, context({ offline: true }));
    expect(await withoutFolderTimes(place.target)).toBe(await withoutFolderTimes(path.join(dir, 'first')));
  });

  test('offline from the beginning says so', async () => {
    const oci = { registry: `127.0.0.1:9/demo/pi@sha256:${image.manifestDigest}` };
    const resolved = await resolveBase({ oci }, context({ offline: true }));
    const place = { target: path.join(dir, 'root'), workDir: path.join(dir, 'work') };
    await expect(unpackBase(resolved, place, context({ offline: true }))).rejects.toThrow('is not on this machine');
  });

  test('without the image says what it answered', async () => {
    const registry = await startRegistry(image);
    const oci = { registry: `${registry.host}/demo/pi@sha256:${'e'.repeat(64)}` };
    await expect(unpack(oci)).rejects.toThrow('the server answered 404');
    await registry.close();
  });
});
