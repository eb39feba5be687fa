/** rack.json: what stands in this folder, and which process it is. Believed only when /proc agrees. */
import { readFile, readlink } from 'node:fs/promises';

import { writeFileAtomically } from '../host/atomic-file.ts';
import type { RackSpec } from '../model/rack-spec.ts';
import type { RackFolder } from './folder.ts';
import { readBootId, readProcess } from './process-facts.ts';

export interface RackRecord {
  readonly spec: RackSpec;
  /** Folder of published images on this machine; mounted read-only into the rack. */
  readonly imagesDir: string;
  /** Of the machine itself: the rack refuses to run in them. */
  readonly hostNamespaces: Namespaces;
  /** The outermost process of the rack, whose end ends all of it. */
  readonly process?: { readonly pid: number; readonly startTicks: number; readonly bootId: string };
}

export interface Namespaces {
  readonly net: string;
  readonly mnt: string;
}

export async function ownNamespaces(): Promise<Namespaces> {
  return { net: await readlink('/proc/self/ns/net'), mnt: await readlink('/proc/self/ns/mnt') };
}

export async function writeRecord(folder: RackFolder, record: RackRecord): Promise<void> {
  await writeFileAtomically(folder.record, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** @returns undefined where no rack ever stood */
export async function readRecord(folder: RackFolder): Promise<RackRecord | undefined> {
  try {
    return JSON.parse(await readFile(folder.record, 'utf8')) as RackRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns the pid of the running rack; undefined when its process has ended or its pid is now another program's */
export async function findRack(record: RackRecord | undefined): Promise<number | undefined> {
  if (record?.process === undefined) return undefined;
  const { pid, startTicks, bootId } = record.process;
  if (bootId !== (await readBootId())) return undefined;
  const facts = await readProcess(pid);
  return facts !== undefined && facts.startTicks === startTicks && !facts.isZombie ? pid : undefined;
}
