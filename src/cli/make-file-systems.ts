/** pi-image init makes the file systems that exported trees have for themselves, in files, where no partition is mounted. */
import { mkdir, statfs } from 'node:fs/promises';
import path from 'node:path';

import { addToFstab, readFstab } from '../host/fstab.ts';
import { ensureLoopFileSystem, loopOptions, type LoopFileSystem } from '../host/loop-file-system.ts';
import { fileSystemOf, isMountPoint } from '../host/mounts.ts';
import { lockState } from '../host/state-lock.ts';
import { HostError } from '../model/errors.ts';
import type { Cluster } from '../model/cluster.ts';
import { parseIpv4 } from '../model/ipv4.ts';
import { planShareFileSystems, planSize, type FstabEntry } from '../plan/file-systems.ts';
import type { Paths } from './context.ts';
import { loopFileSystems } from './exports-apart.ts';
import { nfsExporters } from './wire-up-nfs.ts';

interface FileSystemSizes {
  /** In bytes; undefined: a part of what is free. */
  readonly exports: number | undefined;
  readonly shares: number | undefined;
  /** undefined: none is made. */
  readonly persistent: number | undefined;
}

interface MakeOptions {
  readonly sizes: FileSystemSizes;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What is mounted already stays as it is. */
export async function makeFileSystems(
  paths: Paths,
  { shares }: Pick<Cluster, 'shares'>,
  options: MakeOptions,
): Promise<void> {
  const { state } = paths;
  const { signal, tell } = options;
  await mkdir(state, { recursive: true });
  const lock = await lockState(state, { purpose: 'init', waitMs: 0, signal });
  try {
    await requireNoServer(paths);
    for (const spec of await planSpecs(state, shares, options.sizes)) {
      const isNew = await ensureLoopFileSystem(spec, signal);
      const { image, mountPoint } = spec;
      const hasLine = !(await addToFstab({
        source: image,
        mountPoint,
        type: 'ext4',
        options: `${loopOptions},nofail`,
      }));
      tell(
        `${mountPoint} ${isNew ? `is a file system of its own, in ${image}` : 'is mounted'}${hasLine ? '' : '; added to /etc/fstab'}\n`,
      );
    }
  } finally {
    await lock.release();
  }
}

/** It would go on with the trees as they were. */
async function requireNoServer(paths: Paths): Promise<void> {
  const { ganesha } = nfsExporters(paths, { address: parseIpv4('0.0.0.0'), port: 0 });
  if ((await ganesha.status()).kind === 'stopped') return;
  throw new HostError('the NFS server runs and holds the folders that are to become file systems', {
    hint: 'Switch the nodes off, then run "pi-image nfs stop".',
  });
}

/** Those that lie with what belongs to this machine, or, where only some nodes mount them, with another share. */
async function sharesNotApart(state: string, shares: Cluster['shares']): Promise<Cluster['shares']> {
  const own = new Set([await fileSystemOf('/'), await fileSystemOf(state)]);
  const places = await Promise.all(shares.map((share) => fileSystemOf(share.path)));
  return shares.filter(({ roles }, index) => {
    const place = places[index] ?? '';
    const hasOthers = places.some((other, number) => other === place && number !== index);
    return own.has(place) || (roles !== undefined && hasOthers);
  });
}

async function planSpecs(state: string, shares: Cluster['shares'], sizes: FileSystemSizes): Promise<LoopFileSystem[]> {
  const { bavail, bsize } = await statfs(state);
  const free = bavail * bsize;
  const known = loopFileSystems(state);
  const specs: LoopFileSystem[] = [];
  const add = async (place: Pick<LoopFileSystem, 'image' | 'mountPoint' | 'label'>, sizeBytes: () => number) => {
    const isMounted = await isMountPoint(place.mountPoint);
    if (!isMounted) specs.push({ ...place, sizeBytes: sizeBytes(), isReserved: true });
  };
  await add(known.exports, () => sizes.exports ?? planSize('exports', free));
  const notApart = await sharesNotApart(state, shares);
  for (const { mountPoint, image, size } of planShareFileSystems(notApart, await fstabOf(state))) {
    const place = { mountPoint, image: path.join(state, image), label: `pi-${size}` };
    await add(place, () => sizes.shares ?? planSize(size, free));
  }
  const { persistent } = sizes;
  if (persistent !== undefined) await add(known.persistent, () => persistent);
  return specs;
}

/** The state directory's files in it, by their names. */
async function fstabOf(state: string): Promise<FstabEntry[]> {
  const ours = (await readFstab()).filter(({ source }) => path.dirname(source) === path.resolve(state));
  return ours.map(({ source, mountPoint }) => ({ source: path.basename(source), mountPoint }));
}
