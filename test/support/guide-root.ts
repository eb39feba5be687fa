/**
 * What stands in for Debian and for Raspberry Pi OS where docs/images.md is tried: a small root whose programs are this
 * machine's, for a Pi 4 and a Pi 5, and packages for it, which an archive on loopback has. Needs root.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import { cardPartUuid, makeCardImage, sampleBootFiles, sampleRelease } from './card-image.ts';
import { deviceTreeBlob } from './device-tree-blob.ts';
import type { ArchivePackage, SignedArchive } from './signed-archive.ts';
import { makeTinyRoot } from './tiny-image.ts';

const signal = AbortSignal.timeout(3 * 3_600_000);

/** Of the kernel, for the boards and all root modes. */
const modules = 'bcm2835_wdt mdio_bcm_unimac broadcom genet rp1_pci irq_bcm2712_mip clk_rp1 pinctrl_rp1 macb'.split(
  ' ',
);
const drivers = ['genet.alias=of:N*T*Cbrcm,bcm2711-genet-v5', 'macb.alias=of:N*T*Craspberrypi,rp1-gem'];

/** File -> what its network card is. */
const deviceTrees = { 'bcm2711-rpi-4-b.dtb': 'brcm,bcm2711-genet-v5', 'bcm2712-rpi-5-b.dtb': 'raspberrypi,rp1-gem' };

/**
 * $1 root, $2 release of its kernel, $3 address of its archive, $4 key of that, $5 folder of device trees, then names of
 * modules. Of systemctl it has what masks, and what refuses to enable what is not there.
 */
const rootScript = `
cd "$1"; release=$2 url=$3 key=$4 trees=$5; shift 5
mkdir -p etc/apt/sources.list.d etc/profile.d opt usr/share/keyrings usr/lib/raspi-firmware
printf 'Types: deb\\nURIs: %s\\nSuites: trixie trixie-updates trixie-security\\nComponents: main\\nSigned-By: /usr/share/keyrings/own.gpg\\n' \\
  "$url" > etc/apt/sources.list.d/debian.sources
cp "$key" usr/share/keyrings/own.gpg
printf 'video:x:44:\\n' >> etc/group
printf 'video:*::\\n' >> etc/gshadow
for name in nano gdb; do
  printf '\\nPackage: %s\\nStatus: install ok installed\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: goes\\n' $name >> var/lib/dpkg/status
  printf '/.\\n/usr\\n/usr/bin\\n/usr/bin/%s\\n' $name > var/lib/dpkg/info/$name.list
  echo $name > usr/bin/$name
done
cp -L /usr/bin/dpkg-query usr/bin/
ldd /usr/bin/dpkg-query | grep -oE '/lib[^ ]+' | while read -r library; do
  mkdir -p "usr$(dirname "$library")"; cp -L "$library" "usr$library"
done
cat > usr/bin/systemctl <<'END'
#!/bin/sh
unit=$3
case $unit in *.*) ;; *) unit=$unit.service ;; esac
case $2 in
  mask) ln -sf /dev/null "/etc/systemd/system/$unit" ;;
  enable) cat "/etc/systemd/system/$unit" > /dev/null ;;
esac
END
for name in start4.elf fixup4.dat; do echo $name > usr/lib/raspi-firmware/$name; done
mv usr/lib/modules/6.12-tiny "usr/lib/modules/$release"
cd "usr/lib/modules/$release"
for name in "$@"; do echo kernel/$name.ko; done >> modules.builtin
cp "$trees/modinfo" modules.builtin.modinfo
mkdir -p dtb/broadcom
cp "$trees"/*.dtb dtb/broadcom/
`;

/** $1 the root of Debian, $2 that of a card, whose kernel and device trees lie in its FAT alone. */
const cardScript = `
cp -a "$1" "$2"
cd "$2"
mv usr/lib/modules/* "usr/lib/modules/$3"
rm -r "usr/lib/modules/$3/vmlinuz" "usr/lib/modules/$3/dtb" usr/lib/raspi-firmware
mkdir -p boot/firmware
printf 'PARTUUID=%s  /boot/firmware  vfat  defaults  0  2\\nPARTUUID=%s  /  ext4  defaults,noatime  0  1\\n' "$4" "$5" > etc/fstab
`;

const settle = 'find "$1" -depth -exec touch -h -d @1650000000 {} +';

export interface GuideRoots {
  readonly debian: string;
  /** Packed, as it is downloaded. */
  readonly card: string;
}

/** Makes them below `dir`. */
export async function makeGuideRoots(dir: string, archive: SignedArchive): Promise<GuideRoots> {
  const trees = path.join(dir, 'trees');
  await mkdir(trees);
  for (const [name, card] of Object.entries(deviceTrees)) {
    await writeFile(path.join(trees, name), deviceTreeBlob({ ethernet: { compatible: card } }));
  }
  await writeFile(path.join(trees, 'modinfo'), drivers.map((line) => `${line}\0`).join(''));
  const debian = path.join(dir, 'debian');
  await makeTinyRoot(debian, 'debian');
  const about = ['6.12-guide', archive.url, archive.keyring, trees, ...modules];
  await run(['sh', '-euc', rootScript, 'sh', debian, ...about], { signal });
  await run(['sh', '-euc', settle, 'sh', debian], { signal });
  return { debian, card: await makeCard(dir, { debian, trees }) };
}

async function makeCard(dir: string, { debian, trees }: { debian: string; trees: string }): Promise<string> {
  const root = path.join(dir, 'card-root');
  const named = [sampleRelease, cardPartUuid(1), cardPartUuid(2)];
  await run(['sh', '-euc', cardScript, 'sh', debian, root, ...named], { signal });
  await run(['sh', '-euc', settle, 'sh', root], { signal });
  const real = Object.keys(deviceTrees).map((name) => [name, { source: path.join(trees, name) }] as const);
  const bootFiles = { ...sampleBootFiles, ...Object.fromEntries(real) };
  const card = await makeCardImage(dir, { root, rootBytes: 40 << 20, bootFiles }, signal);
  await run(['xz', '-1', '-T2', card], { signal });
  return `${card}.xz`;
}

/** Programs of packages that are run in an image. */
const programs: Readonly<Record<string, string>> = { tree: '#!/bin/sh\necho "$3"\n' };

/** Where a build looks for the shell of the initramfs. */
const fileOf = (name: string) => `usr/bin/${name === 'busybox-static' ? 'busybox' : name}`;

/** A package that can be installed, with one file. */
export async function guidePackage(name: string, version: string, file = fileOf(name)): Promise<ArchivePackage> {
  const dir = await mkdtemp(path.join(tmpdir(), 'guide-package-'));
  const tree = path.join(dir, 'tree');
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(path.join(tree, path.dirname(file)), { recursive: true });
  const about = ['Architecture: all', 'Maintainer: nobody <nobody@example.org>', `Description: ${name}`];
  await writeFile(path.join(tree, 'DEBIAN/control'), `Package: ${name}\nVersion: ${version}\n${about.join('\n')}\n`);
  await writeFile(path.join(tree, file), programs[name] ?? `${name} ${version}\n`, { mode: 0o755 });
  const deb = path.join(dir, 'made.deb');
  // The same bytes each time: whoever has fetched it has it.
  const env = { SOURCE_DATE_EPOCH: '1700000000' };
  await run(['dpkg-deb', '--build', '--root-owner-group', '-Znone', tree, deb], { signal, env });
  const content = await readFile(deb);
  await rm(dir, { recursive: true });
  return { name, version, architecture: 'all', deb: content };
}
