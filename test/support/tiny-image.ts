/**
 * An image that is built in two seconds without a network and without an emulated program: its base is a folder with a few
 * hundred small files, and the programs that its layers run are this machine's own. Needs root.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { lockFileName } from '../../src/build/lock-file.ts';
import { resolveBase } from '../../src/build/unpack-base.ts';
import { readImageSpec } from '../../src/host/config-files.ts';
import { run } from '../../src/host/process.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { LockedPackage, PackageLock } from '../../src/model/package-lock.ts';
import { planRequests, requestDigest } from '../../src/plan/build-packages.ts';

/** Of one command: a test of every place has many. */
const patience = () => AbortSignal.timeout(600_000);

/** $1 a folder, $2 what /etc/marker says. dpkg and tar are this machine's, with their libraries; the rest is busybox. */
const rootScript = `
cd "$1"
mkdir -p etc/systemd/system etc/skel proc run tmp dev root usr/bin usr/sbin usr/lib/modules/6.12-tiny usr/lib64 usr/lib/many \\
  usr/lib/systemd/system var/lib/dpkg/info var/lib/dpkg/updates var/lib/apt var/log
for name in bin sbin lib lib64; do ln -s usr/$name $name; done
echo "$2" > etc/marker
printf 'root:x:0:0:root:/root:/bin/sh\\n' > etc/passwd
printf 'root:x:0:\\nshadow:x:42:\\n' > etc/group
printf 'root:*:20000:0:99999:7:::\\n' > etc/shadow
printf 'root:*::\\nshadow:*::\\n' > etc/gshadow
printf '[Unit]\\n' > usr/lib/systemd/system/noise.service
cp /usr/bin/busybox usr/bin/busybox
for name in sh rm diff cat touch mkdir ln env; do ln -s busybox usr/bin/$name; done
# What dpkg looks for before it does anything.
for name in ldconfig start-stop-daemon; do printf '#!/bin/sh\\nexit 0\\n' > usr/sbin/$name; chmod 755 usr/sbin/$name; done
cp -L /usr/bin/dpkg /usr/bin/dpkg-deb /usr/bin/dpkg-split /bin/tar usr/bin/
ldd /usr/bin/dpkg /usr/bin/dpkg-deb /usr/bin/dpkg-split /bin/tar | grep -oE '/lib[^ ]+' | sort -u | while read -r library; do
  mkdir -p "usr$(dirname "$library")"; cp -L "$library" "usr$library"
done
# Of a real systemctl only what "mask" does is needed.
printf '#!/bin/sh\\n[ "$2" = mask ] && ln -sf /dev/null "/etc/systemd/system/$3"\\nexit 0\\n' > usr/bin/systemctl
chmod 755 usr/bin/systemctl
printf 'Package: old\\nStatus: install ok installed\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: goes\\n' > var/lib/dpkg/status
: > var/lib/dpkg/available
printf '/.\\n/usr\\n/usr/bin\\n/usr/bin/old\\n' > var/lib/dpkg/info/old.list
printf 'old\\n' > usr/bin/old
for number in $(seq 200); do echo "file $number" > usr/lib/many/$number; done
cd usr/lib/modules/6.12-tiny
echo "kernel $2" > vmlinuz
for name in modules.softdep modules.alias modules.builtin.modinfo; do : > $name; done
for name in nfsv4 loop squashfs virtio_pci virtio_mmio virtio_net virtio_rng i6300esb; do echo kernel/$name.ko; done > modules.builtin
mkdir kernel; echo overlay > kernel/overlay.ko; echo 'kernel/overlay.ko:' > modules.dep
cd "$1"
echo ping > usr/bin/ping; setcap cap_net_raw+ep usr/bin/ping
find . -depth -exec touch -h -d @1650000000 {} +
`;

const setupScript = '#!/bin/sh\nset -e\necho done > /etc/setup\nchown 1234:1234 /etc/setup\n';

/** Makes of `base/` in the image's folder what its `base:` names. @returns that */
export type PackBase = (folder: string) => Promise<unknown>;

const asFolder: PackBase = () => Promise.resolve({ root: 'base' });

export interface TinyImage {
  readonly name: string;
  /** With image.yaml. */
  readonly folder: string;
  readonly pack: PackBase;
}

/** @param images the `images` folder beside cluster.yaml @param name of the image */
export async function makeTinyImage(images: string, name: string, pack = asFolder): Promise<TinyImage> {
  const folder = path.join(images, name);
  await mkdir(path.join(folder, 'files/etc'), { recursive: true });
  await mkdir(path.join(folder, 'pool'));
  await writeFile(path.join(folder, 'setup.sh'), setupScript);
  await chmod(path.join(folder, 'setup.sh'), 0o755);
  await writeFile(path.join(folder, 'files/etc/motd'), 'welcome\n');
  await makeDeb(folder, 'tool', 'all', 'usr/bin/tool');
  await makeDeb(folder, 'busybox-static', 'arm64', 'usr/bin/busybox');
  await makeDeb(folder, 'ipxe', 'all', 'usr/lib/ipxe/ipxe-arm64.efi');
  return { name, folder, pack };
}

async function writeSpec(folder: string, base: unknown): Promise<void> {
  const spec = {
    summary: 'tiny',
    base,
    layers: [
      { name: 'tools', packages: ['tool'], remove: ['old'] },
      {
        name: 'site',
        users: [{ name: 'ada', uid: 2000 }],
        run: ['./setup.sh'],
        inputs: [],
        files: 'files/',
        units: { mask: ['noise.service'] },
      },
    ],
    boards: ['uefi'],
  };
  await writeFile(path.join(folder, 'image.yaml'), renderYaml(spec));
}

async function makeDeb(folder: string, name: string, architecture: string, file: string): Promise<void> {
  const tree = path.join(folder, 'pool', name);
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(path.join(tree, path.dirname(file)), { recursive: true });
  await writeFile(path.join(tree, file), `${name}\n`);
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: ${architecture}\nMaintainer: nobody <nobody@example.org>\nDescription: ${name}\n`;
  await writeFile(path.join(tree, 'DEBIAN/control'), control);
  const deb = path.join(folder, 'pool', `${name}_1.0_${architecture}.deb`);
  await run(['dpkg-deb', '--build', '--root-owner-group', '-Znone', tree, deb], { signal: patience() });
}

/** Its base is another one from now on: a build makes every step. */
export async function changeBase(image: TinyImage, marker: string): Promise<void> {
  const base = path.join(image.folder, 'base');
  await rm(base, { recursive: true, force: true });
  await makeTinyRoot(base, marker);
  await writeSpec(image.folder, await image.pack(image.folder));
  await writeLock(image);
}

/** @param root does not exist yet @param marker what its /etc/marker says */
export async function makeTinyRoot(root: string, marker: string): Promise<void> {
  await mkdir(root);
  await run(['sh', '-euc', rootScript, 'sh', root, marker], { signal: patience() });
}

/** As an archive would have answered; its packages are fetched by file name. */
async function writeLock({ name, folder }: TinyImage): Promise<void> {
  const { spec } = await readImageSpec([path.resolve(folder, '../..')], name);
  if ('apt' in spec.base) throw new Error('its base is not made of packages');
  const scratch = await mkdtemp(path.join(tmpdir(), 'tiny-lock-'));
  const context = {
    specDir: folder,
    stateDir: scratch,
    offline: true,
    progress: { detail: () => undefined },
    signal: patience(),
  };
  const base = await resolveBase(spec.base, context);
  await rm(scratch, { recursive: true });
  const packages = await readPool(path.join(folder, 'pool'));
  const find = (wanted: string): LockedPackage => {
    const found = packages.find((each) => each.name === wanted);
    if (found === undefined) throw new Error(`no ${wanted} in the pool`);
    return found;
  };
  const lock: PackageLock = {
    format: 1,
    request: requestDigest(spec, base),
    resolvedAt: '2026-11-21T08:00:00.000Z',
    epochSeconds: 1_795_000_000,
    sources: [],
    base,
    layers: planRequests(spec, base).map(({ name: layer, digest: request }) =>
      layer === 'tools'
        ? { name: layer, request, packages: [find('tool')], removes: ['old'] }
        : { name: layer, request, packages: [] },
    ),
    busybox: find('busybox-static'),
    ipxe: find('ipxe'),
  };
  await writeFile(path.join(folder, lockFileName), JSON.stringify(lock));
}

async function readPool(pool: string): Promise<LockedPackage[]> {
  const names = (await readdir(pool)).filter((name) => name.endsWith('.deb'));
  return Promise.all(
    names.map(async (fileName) => {
      const file = path.join(pool, fileName);
      const content = await readFile(file);
      const [name = '', version = '', architecture = ''] = fileName.replace('.deb', '').split('_');
      const control = (await run(['dpkg-deb', '--field', file], { signal: patience() })).trimEnd();
      return {
        name,
        version,
        architecture,
        sha256: createHash('sha256').update(content).digest('hex'),
        sizeBytes: content.byteLength,
        uri: `copy:${file}`,
        fileName,
        control,
      };
    }),
  );
}
