/** Work inside an image: its layers as one overlayfs, with just the mounts that package scripts need. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { emulation } from './binfmt.ts';
import type { LaidPrograms } from './native-tree.ts';
import { offerPrograms } from './offer-programs.ts';
import { attendInSandbox, runInSandbox, type SandboxOptions } from './sandbox.ts';
import { knowNamespace } from './user-namespace.ts';

export interface ImageLayers {
  /** Read-only, the base first. */
  readonly lowers: readonly string[];
  /** Takes the changes. */
  readonly upper: string;
  /** Ours alone, on the file system of `upper`. */
  readonly scratch: string;
}

/**
 * Sets $marks: how overlayfs remembers what it hides. Only real root has attributes of its own for that; in the others it
 * follows no renamed folders, and wants nothing said of that.
 */
const chooseMarks = `${knowNamespace}
if [ -n "$is_root" ]; then marks=redirect_dir=off; else marks=userxattr; fi
`;

/** $1 lower folders, $2 upper, $3 overlayfs' work folder, $4 mount point. A build that dies is thrown away: no fsync. */
export const mountTree = `${chooseMarks}
options="lowerdir=$1,upperdir=$2,workdir=$3,$marks,index=off,metacopy=off"
root=$4; shift 4
mount -t overlay overlay -o "$options,volatile" "$root" 2>/dev/null || mount -t overlay overlay -o "$options" "$root"
`;

/** What package scripts need beside the image's own files. Comes after mountTree. */
export const mountKernelFolders = `
device() {
  if [ -n "$is_root" ]; then mknod -m 666 "$root/dev/$1" c "$2" "$3"; return; fi
  : > "$root/dev/$1"
  mount --bind "/dev/$1" "$root/dev/$1"
}
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/run/lock" "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
device null 1 3
device zero 1 5
device full 1 7
device random 1 8
device urandom 1 9
device tty 5 0
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
`;

const mountImage = `${mountTree}${mountKernelFolders}`;

/** Nothing of the host's environment reaches the image, but the emulated core and the way to a proxy. */
export const cleanEnvironment = `
clean() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive INITRD=No \\
    \${QEMU_CPU:+QEMU_CPU=$QEMU_CPU} \${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH} \\
    \${http_proxy:+http_proxy=$http_proxy} \${https_proxy:+https_proxy=$https_proxy} "$@"
}
`;

/** $1 root, $2 folder with passwd, group, shadow and gshadow: adds the lines whose name is not there. */
export const seedIds = `
seed_ids() {
  for file in passwd group shadow gshadow; do
    [ -e "$1/etc/$file" ] && [ -e "$2/$file" ] || continue
    missing=$(awk -F: 'FILENAME == ARGV[1] { there[$1]; next } !($1 in there)' "$1/etc/$file" "$2/$file")
    # To open it for nothing would make it part of the layer.
    [ -z "$missing" ] || printf '%s\\n' "$missing" >> "$1/etc/$file"
  done
}
`;

/** Package scripts must start no services: they would be the host's. */
export const forbidServices = String.raw`
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
`;

/**
 * $1 debs, $2 folder of ids, $3 apt configuration, $4 and $5 programs that are offered, $6 packages that are only unpacked so
 * far, then packages. apt is the host's; only dpkg runs in the image. Names of packages have no characters that mean
 * something to a shell.
 */
const installScript = `${mountImage}${cleanEnvironment}${seedIds}${forbidServices}
debs=$1 ids=$2 APT_CONFIG=$3 offers=$4 list=$5 unpacked=$6; shift 6
${offerPrograms}
seen=\${unpacked:+DEBCONF_NONINTERACTIVE_SEEN=true}
[ -z "$unpacked" ] || clean $seen chroot "$root" dpkg --force-unsafe-io --force-depends --configure $unpacked
seed_ids "$root" "$ids"
mkdir "$root/run/archives"
mount --bind "$debs" "$root/run/archives"
clean APT_CONFIG="$APT_CONFIG" apt-get -q update
clean $seen APT_CONFIG="$APT_CONFIG" apt-get -q --yes --no-download --no-remove install "$@"
rm -f "$root/usr/sbin/policy-rc.d"
`;

/**
 * $1 a folder: its tree is laid over the image, owned by root; what is a link to a folder there stays one. Its times are
 * when somebody cloned it, and no part of the layer's key: they become those of all that the build makes.
 */
const copyScript = `${mountImage}
tar -C "$1" --owner=0 --group=0 --numeric-owner -c . | tar -C "$root" -x -p --touch --keep-directory-symlink --no-overwrite-dir
`;

/** $1 folder of image.yaml, $2 program in it. What only builds read is hidden: a program must not depend on it. */
const programScript = `${mountImage}${cleanEnvironment}${forbidServices}
mkdir "$root/run/pi-image"
mount --bind "$1" "$root/run/pi-image"
mount -o remount,bind,ro "$root/run/pi-image"
for hidden in image.yaml image.lock.json; do
  [ ! -e "$root/run/pi-image/$hidden" ] || mount --bind /dev/null "$root/run/pi-image/$hidden"
done
[ -e "$root/etc/resolv.conf" ] || { [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"; }
clean chroot "$root" /bin/sh -c 'cd /run/pi-image && exec "$1"' sh "$2"
rm -f "$root/usr/sbin/policy-rc.d"
`;

/** Names of packages: they go with their settings. What needs them was looked at when the packages were locked. */
const removeScript = `${mountImage}${cleanEnvironment}${forbidServices}
clean chroot "$root" dpkg --purge --force-depends -- "$@"
rm -f "$root/usr/sbin/policy-rc.d"
`;

/**
 * A command and its arguments, with a person at the terminal: the name servers are the machine's for as long as it runs.
 * 125 where it cannot be run, as with chroot(8).
 */
const commandScript = `
# mount(8) gives advice about fstab where it sees a terminal.
said=$3.said
exec 4>&2 2>"$said"
trap 'cat "$said" >&4; exit 125' EXIT
${mountImage}${cleanEnvironment}${forbidServices}
exec 2>&4
trap - EXIT
[ ! -d "$root/etc" ] || [ ! -e /etc/resolv.conf ] || { cp -L /etc/resolv.conf "$root/run/resolv.conf"
  [ -e "$root/etc/resolv.conf" ] || [ -L "$root/etc/resolv.conf" ] || : > "$root/etc/resolv.conf"
  mount --bind "$root/run/resolv.conf" "$root/etc/resolv.conf" 2>/dev/null || :; }
code=0
clean TERM="\${TERM:-dumb}" chroot "$root" "$@" || code=$?
rm -f "$root/usr/sbin/policy-rc.d"
exit $code
`;

/** $1 lower folders as overlayfs wants them, $2 how many, $3 mount point, $4 target. */
const flattenScript = `${chooseMarks}
if [ -n "$is_root" ]; then options=lowerdir=$1; else options=lowerdir=$1,$marks; fi
if [ "$2" = 1 ]; then source=$1; else source=$3; mount -t overlay overlay -o "$options" "$source"; fi
cp -a --reflink=auto "$source/." "$4"
`;

/** Where the mounted image is while a script of `layers` runs; apt's configuration names it. */
export function chrootOf(layers: ImageLayers): string {
  return path.join(layers.scratch, 'root');
}

export interface InstallOptions extends Omit<SandboxOptions, 'network'> {
  /** Folder with the debs under the names that apt gives them. */
  readonly debs: string;
  /** Folder with the registered lines of passwd and group. */
  readonly ids: string;
  readonly aptConfig: string;
  /** This machine's programs, which stand in for the image's. */
  readonly native?: LaidPrograms | undefined;
  /** Names of packages that are unpacked already, in the order in which they are to be configured. */
  readonly unpacked?: readonly string[];
}

/** @param packages name=version */
export async function installPackages(
  layers: ImageLayers,
  packages: readonly string[],
  options: InstallOptions,
): Promise<void> {
  const { debs, ids, aptConfig, native, unpacked = [], ...rest } = options;
  const offers = native === undefined ? ['', ''] : [native.offers, native.offerList];
  const all = { ...layers, lowers: [...layers.lowers, ...(native?.lowers ?? [])] };
  const args = [debs, ids, aptConfig, ...offers, unpacked.join(' '), ...packages];
  await inImage(installScript, all, args, { ...rest, network: false });
}

export async function copyTree(
  layers: ImageLayers,
  folder: string,
  options: Omit<SandboxOptions, 'network'>,
): Promise<void> {
  await inImage(copyScript, layers, [folder], { ...options, network: false });
}

/** @param program relative to `folder` */
export async function runProgram(
  layers: ImageLayers,
  program: { readonly folder: string; readonly path: string },
  options: SandboxOptions,
): Promise<void> {
  await inImage(programScript, layers, [program.folder, program.path], options);
}

export async function removePackages(
  layers: ImageLayers,
  packages: readonly string[],
  options: Omit<SandboxOptions, 'network'>,
): Promise<void> {
  await inImage(removeScript, layers, packages, { ...options, network: false });
}

/** Output goes where ours goes, input comes from where ours comes from. @returns its exit code */
export async function runForPerson(
  layers: ImageLayers,
  command: readonly string[],
  options: Pick<SandboxOptions, 'network' | 'signal'>,
): Promise<number> {
  const args = [...(await makeMountPoints(layers)), ...command];
  return attendInSandbox(commandScript, args, { ...options, env: emulation() });
}

export async function inImage(
  script: string,
  layers: ImageLayers,
  args: readonly string[],
  options: SandboxOptions,
): Promise<void> {
  await runInSandbox(script, [...(await makeMountPoints(layers)), ...args], {
    ...options,
    env: { ...emulation(), ...options.env },
  });
}

/** @returns the first arguments of `mountImage` */
async function makeMountPoints(layers: ImageLayers): Promise<string[]> {
  const work = path.join(layers.scratch, 'work');
  const root = chrootOf(layers);
  // overlayfs refuses a work folder that a volatile mount has used before.
  await rm(work, { recursive: true, force: true });
  for (const folder of [work, root, layers.upper]) await mkdir(folder, { recursive: true, mode: 0o755 });
  return [lowerOption(layers.lowers), layers.upper, work, root];
}

/** Copies what all layers together show to `target`, with owners, links, attributes and times. */
export async function flattenLayers(
  lowers: readonly string[],
  target: string,
  options: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<void> {
  const mountPoint = path.join(options.scratch, 'root');
  await mkdir(mountPoint, { recursive: true });
  await mkdir(target, { recursive: true, mode: 0o755 });
  await runInSandbox(flattenScript, [lowerOption(lowers), String(lowers.length), mountPoint, target], {
    signal: options.signal,
    network: false,
    what: 'copying the layers into one tree',
  });
}

/** overlayfs wants the uppermost first. */
export function lowerOption(lowers: readonly string[]): string {
  return lowers.toReversed().join(':');
}
