/** The first packages of an image: there is no dpkg in it yet that could unpack them. */
import path from 'node:path';

import {
  cleanEnvironment,
  forbidServices,
  inImage,
  lowerOption,
  mountKernelFolders,
  mountTree,
  type ImageLayers,
} from './chroot.ts';
import type { LaidPrograms } from './native-tree.ts';
import type { SandboxOptions } from './sandbox.ts';

/**
 * $1 debs, $2 folders with this machine's dpkg as overlayfs wants them, $3 a place for it, then file names of debs. All are
 * extracted before the first of their scripts runs, as these call each other's programs; dpkg works on the root from outside.
 */
const unpackScript = `${mountTree}${cleanEnvironment}
debs=$1 tools=$2 place=$3; shift 3
for deb; do dpkg-deb --fsys-tarfile "$debs/$deb" | tar -C "$root" -x --keep-directory-symlink; done
for folder in info updates triggers alternatives; do mkdir -p "$root/var/lib/dpkg/$folder"; done
: > "$root/var/lib/dpkg/status"
echo arm64 > "$root/var/lib/dpkg/arch"
[ -e "$root/etc/fstab" ] || echo '# UNCONFIGURED FSTAB FOR BASE SYSTEM' > "$root/etc/fstab"
${mountKernelFolders}${forbidServices}
mkdir -p "$place/with/mnt" "$place/root"
tools=lowerdir=$tools:$place/with
[ -n "$is_root" ] || tools=$tools,$marks
mount -t overlay overlay -o "$tools" "$place/root"
mount --rbind "$root" "$place/root/mnt"
mkdir "$root/run/archives"
mount --bind "$debs" "$place/root/mnt/run/archives"
for deb; do shift; set -- "$@" "/mnt/run/archives/$deb"; done
clean chroot "$place/root" dpkg --root=/mnt --force-unsafe-io --force-depends --force-bad-path --unpack "$@"
rm -f "$root/usr/sbin/policy-rc.d"
`;

export interface UnpackOptions extends Omit<SandboxOptions, 'network'> {
  readonly debs: string;
  /** Has dpkg, and what that calls. */
  readonly native: LaidPrograms;
}

/** Begins an image: nothing but these packages, none of them configured. @param files names of debs, in order */
export async function unpackEssential(
  layers: ImageLayers,
  files: readonly string[],
  { debs, native, ...rest }: UnpackOptions,
): Promise<void> {
  const args = [debs, lowerOption(native.lowers), path.join(layers.scratch, 'tools'), ...files];
  await inImage(unpackScript, layers, args, { ...rest, network: false });
}
