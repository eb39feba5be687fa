/** The kernel's own NFS server: a file in /etc/exports.d, exportfs, and bind mounts that give trees the names nodes use. */
import { mkdir, readFile, rm } from 'node:fs/promises';

import { HostError } from '../../model/errors.ts';
import type { NfsExport } from '../../model/export.ts';
import { writeFileAtomically } from '../atomic-file.ts';
import { readMounts } from '../mounts.ts';
import { run } from '../process.ts';
import type { Exporter, ExporterStatus } from './exporter.ts';
import { isSystemdHere } from './unit.ts';

export interface KernelOptions {
  readonly address: string;
  readonly port: number;
  /** A folder of mount points; NFSv4's root. */
  readonly pseudoRoot: string;
  readonly mountPoint: (each: NfsExport) => string;
  readonly render: (exports: readonly NfsExport[]) => string;
}

const exportsFile = '/etc/exports.d/pi-image.exports';
const threads = '8';

/** Without systemd no nfsdcld says that there is nobody to wait for, and the kernel's own grace is 90 s without an answer. */
const graceSeconds = '10';
const stepTimeoutMs = 30_000;

export function kernelExporter(options: KernelOptions): Exporter {
  const { pseudoRoot, mountPoint, render } = options;

  const apply = async (exports: readonly NfsExport[], signal: AbortSignal): Promise<void> => {
    const both = AbortSignal.any([signal, AbortSignal.timeout(stepTimeoutMs)]);
    await requireNfsd(both);
    await mkdir(pseudoRoot, { recursive: true });
    const wanted = new Map(exports.map((each) => [mountPoint(each), each.path]));
    const mounted = await mountsBelow(pseudoRoot);
    for (const [target, source] of wanted) if (!mounted.includes(target)) await bindMount(source, target, both);
    await writeFileAtomically(exportsFile, render(exports));
    await run(['exportfs', '-ra'], { signal: both });
    for (const target of mounted) if (!wanted.has(target)) await unmount(target, both);
    if ((await threadCount()) === 0) await startThreads(options, both);
  };

  /** Other exports of this machine stay: only ours are withdrawn. */
  const stop = async (signal: AbortSignal): Promise<void> => {
    await rm(exportsFile, { force: true });
    await run(['exportfs', '-ra'], { signal });
    for (const target of await mountsBelow(pseudoRoot)) await unmount(target, signal);
  };

  return { name: 'kernel', apply, status, stop };
}

async function status(): Promise<ExporterStatus> {
  const count = await threadCount();
  return count > 0
    ? { kind: 'running', server: 'kernel', detail: `${count} threads` }
    : { kind: 'stopped', reason: 'the kernel runs no nfsd threads' };
}

async function hasNfsd(): Promise<boolean> {
  return /\tnfsd$/m.test(await readFile('/proc/filesystems', 'utf8'));
}

async function requireNfsd(signal: AbortSignal): Promise<void> {
  if (await hasNfsd()) return;
  try {
    await run(['modprobe', 'nfsd'], { signal });
  } catch (error) {
    throw new HostError('this kernel has no NFS server (nfsd)', {
      cause: error,
      hint: 'Use ganesha: "apt install nfs-ganesha nfs-ganesha-vfs", then "pi-image serve --nfs ganesha".',
    });
  }
}

/** Deepest first, so that they can be unmounted in this order. */
async function mountsBelow(folder: string): Promise<string[]> {
  const points = (await readMounts()).map(({ mountPoint }) => mountPoint);
  return points.filter((point) => point.startsWith(`${folder}/`)).toSorted((one, other) => other.length - one.length);
}

/** Through systemd where it runs: a mount made inside our unit's sandbox would stay there. */
async function bindMount(source: string, target: string, signal: AbortSignal): Promise<void> {
  await mkdir(target, { recursive: true });
  const viaSystemd = ['systemd-mount', '--options=bind', '--property=LazyUnmount=yes', source, target] as const;
  await run((await isSystemdHere()) ? viaSystemd : ['mount', '--bind', source, target], { signal });
}

/** Lazily: nfsd keeps a withdrawn tree busy until its last client has closed its files. */
async function unmount(target: string, signal: AbortSignal): Promise<void> {
  await run((await isSystemdHere()) ? ['systemd-umount', target] : ['umount', '--lazy', target], { signal });
}

async function threadCount(): Promise<number> {
  try {
    return Number((await readFile('/proc/fs/nfsd/threads', 'utf8')).trim());
  } catch {
    // The nfsd file system is not mounted: the server was never started.
    return 0;
  }
}

async function startThreads({ address, port }: KernelOptions, signal: AbortSignal): Promise<void> {
  if (await isSystemdHere()) {
    await run(['systemctl', 'start', 'nfs-server.service'], { signal });
    return;
  }
  const versions = ['--no-nfs-version', '3', '--nfs-version', '4'];
  await run(['rpc.mountd', '--no-nfs-version', '3'], { signal });
  const grace = ['--grace-time', graceSeconds, '--lease-time', graceSeconds];
  const where = ['--no-udp', '--host', address, '--port', String(port)];
  await run(['rpc.nfsd', ...where, ...versions, ...grace, threads], { signal });
}
