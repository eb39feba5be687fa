/** The base of an image without emulation of what need not be emulated: the same packages in the same order as mmdebstrap's. */
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { orderEssential, writeChrootAptConfig } from '../host/apt.ts';
import { chrootOf, flattenLayers, installPackages } from '../host/chroot.ts';
import { removeNative } from '../host/native-scan.ts';
import { layPrograms } from '../host/native-tree.ts';
import { offeredDpkg } from '../host/offer-programs.ts';
import { unpackEssential } from '../host/unpack-essential.ts';
import type { LockedPackage } from '../model/package-lock.ts';
import { chooseNative } from '../plan/native-programs.ts';
import { lockedSuite } from '../plan/package-lock.ts';
import type { NativePrograms } from './native-programs.ts';

export interface NativeBase {
  readonly native: NativePrograms;
  readonly packages: readonly LockedPackage[];
  /** Local archive with them. */
  readonly archive: string;
  /** Folder with the registered lines of passwd and group. */
  readonly ids: string;
  /** Ours alone. */
  readonly workDir: string;
  readonly target: string;
  readonly epochSeconds: number;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  readonly what: string;
  readonly hint: string;
}

export async function makeNativeBase(request: NativeBase): Promise<void> {
  const { packages, workDir, target, signal } = request;
  const names = await readOrder(request);
  const essential = packages.filter(({ name }) => names.includes(name));
  const coming = packages.filter(({ name }) => !names.includes(name));
  const bottom = path.join(workDir, 'essential');
  await unpackBottom(request, { bottom, essential, names });
  const layers = { lowers: [bottom], upper: path.join(workDir, 'remaining'), scratch: path.join(workDir, 'chroot') };
  const native = await layPrograms(
    request.native.dir,
    chooseNative(request.native.packages, { installed: essential, coming }),
    { target: path.join(workDir, 'native'), image: layers.lowers },
  );
  await installPackages(
    layers,
    packages.map(({ name, version }) => `${name}=${version}`),
    {
      ...common(request),
      debs: path.join(request.archive, 'archives'),
      ids: request.ids,
      aptConfig: await aptConfig(request, chrootOf(layers), offeredDpkg),
      native,
      unpacked: names,
    },
  );
  await removeNative({ upper: layers.upper, image: layers.lowers, laid: native.lowers, signal });
  await flattenLayers([bottom, layers.upper], target, { scratch: path.join(workDir, 'merge'), signal });
  await dropTraces(target);
}

const common = ({ signal, onLine, what, hint, epochSeconds }: NativeBase) => ({
  signal,
  onLine,
  what,
  hint,
  env: { SOURCE_DATE_EPOCH: String(epochSeconds) },
});

function aptConfig({ workDir, archive }: NativeBase, root: string, dpkg?: typeof offeredDpkg): Promise<string> {
  return writeChrootAptConfig({ dir: path.join(workDir, 'apt'), root, archive, suite: lockedSuite, dpkg });
}

/** @returns names of essential packages in apt's order */
async function readOrder(request: NativeBase): Promise<string[]> {
  const nothing = path.join(request.workDir, 'nothing');
  await mkdir(path.join(nothing, 'var/lib/dpkg'), { recursive: true });
  await writeFile(path.join(nothing, 'var/lib/dpkg/status'), '');
  return orderEssential(await aptConfig(request, nothing), { signal: request.signal });
}

async function unpackBottom(
  request: NativeBase,
  { bottom, essential, names }: { bottom: string; essential: readonly LockedPackage[]; names: readonly string[] },
): Promise<void> {
  const lower = path.join(request.workDir, 'empty');
  await mkdir(lower, { recursive: true });
  const files = new Map(essential.map(({ name, fileName }) => [name, fileName]));
  const tools = chooseNative(request.native.packages, { installed: essential, coming: [] });
  await unpackEssential(
    { lowers: [lower], upper: bottom, scratch: path.join(request.workDir, 'chroot') },
    names.flatMap((name) => files.get(name) ?? []),
    {
      ...common(request),
      debs: path.join(request.archive, 'archives'),
      native: await layPrograms(request.native.dir, tools, {
        target: path.join(request.workDir, 'tools'),
        image: undefined,
      }),
    },
  );
}

const traces = [
  'var/log/dpkg.log',
  'var/log/alternatives.log',
  'var/cache/ldconfig/aux-cache',
  'var/lib/dbus/machine-id',
] as const;

/** What mmdebstrap takes out in the end. */
async function dropTraces(root: string): Promise<void> {
  for (const file of traces) await rm(path.join(root, file), { force: true });
  await truncate(path.join(root, 'etc/machine-id'), 0).catch(() => undefined);
}
