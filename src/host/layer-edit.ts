/** Puts files with their owners, and states of units, into an image's layers. Only systemctl of the image runs, no package script. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { emulation } from './binfmt.ts';
import { lowerOption, mountTree, type ImageLayers } from './chroot.ts';
import { runInSandbox, type SandboxOptions } from './sandbox.ts';

/** $1 a folder: its tree is laid over the image as it is; folders that are there keep owner and mode. */
const placeScript = `${mountTree}
tar -C "$1" --numeric-owner -c . | tar -C "$root" -x -p --numeric-owner --keep-directory-symlink --no-overwrite-dir
`;

/** Pairs of a verb and a unit. */
const unitsScript = `${mountTree}
mount -t proc proc "$root/proc"
while [ $# -gt 0 ]; do
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 SYSTEMD_OFFLINE=1 \${QEMU_CPU:+QEMU_CPU=$QEMU_CPU} \\
    chroot "$root" systemctl --quiet "$1" "$2"
  shift 2
done
`;

type EditOptions = Omit<SandboxOptions, 'network'>;

/** @param folder a tree whose files have the numeric owners that they get */
export async function placeTree(layers: ImageLayers, folder: string, options: EditOptions): Promise<void> {
  await inLayers(placeScript, layers, [folder], options);
}

export interface UnitStates {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  readonly mask: readonly string[];
}

/** As the image's own systemctl does it: with aliases, and with what a unit wants to be enabled along. */
export async function setUnits(layers: ImageLayers, units: UnitStates, options: EditOptions): Promise<void> {
  const pairs = (['disable', 'enable', 'mask'] as const).flatMap((verb) => units[verb].flatMap((unit) => [verb, unit]));
  await inLayers(unitsScript, layers, pairs, options);
}

async function inLayers(
  script: string,
  layers: ImageLayers,
  args: readonly string[],
  options: EditOptions,
): Promise<void> {
  const work = path.join(layers.scratch, 'work');
  const root = path.join(layers.scratch, 'root');
  // overlayfs refuses a work folder that a volatile mount has used before.
  await rm(work, { recursive: true, force: true });
  for (const folder of [work, root, layers.upper]) await mkdir(folder, { recursive: true, mode: 0o755 });
  const mounts = [lowerOption(layers.lowers), layers.upper, work, root];
  const env = { ...emulation(), ...options.env };
  await runInSandbox(script, [...mounts, ...args], { ...options, network: false, env });
}
