/** Makes a FAT image without mounting it, by mkfs.fat and mtools. Equal input makes equal bytes. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { run, type Argv } from './process.ts';

export interface FatImageSpec {
  readonly width: 16 | 32;
  readonly sizeBytes: number;
  readonly rootEntries: number;
  /** Date of every file and folder. */
  readonly epochSeconds: number;
  /** In the order in which they are written; `source` is a file of this machine. */
  readonly files: readonly ({ readonly path: string } & ({ readonly source: string } | { readonly text: string }))[];
}

const timeoutMs = 120_000;
/** How many files one mcopy is given: names of files must fit into its arguments. */
const filesPerCopy = 200;

/** Whole under its name, or not there. */
export async function makeFatImage(target: string, spec: FatImageSpec, signal: AbortSignal): Promise<void> {
  const torso = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.tmp`);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await rm(torso, { force: true });
    await fill(torso, spec, deadline);
    await sync(torso);
    await rename(torso, target);
    await sync(path.dirname(target));
  } catch (error) {
    if (signal.aborted || error instanceof HostError) throw error;
    const hint = 'Look for free space and write permission there.';
    throw new HostError(`cannot make ${target}`, { cause: error, hint });
  } finally {
    await rm(torso, { force: true });
  }
}

async function fill(torso: string, spec: FatImageSpec, signal: AbortSignal): Promise<void> {
  const { width, sizeBytes, rootEntries, epochSeconds, files } = spec;
  // mtools writes SOURCE_DATE_EPOCH for "now", in the time zone of the machine; and it must read nobody's settings.
  const env = { SOURCE_DATE_EPOCH: String(epochSeconds), TZ: 'UTC', MTOOLSRC: '/dev/null' };
  const tool = (argv: Argv, input?: string) => run(argv, { signal, env, ...(input !== undefined && { input }) });
  // As rpi-make-boot-image calls it: one FAT, clusters of one sector. --invariant: the serial number is a constant.
  const shape = [
    '-F',
    `${width}`,
    '-f',
    '1',
    '-s',
    '1',
    '-S',
    '512',
    ...(width === 16 ? ['-r', `${rootEntries}`] : []),
  ];
  const fixed = ['--invariant', '-g', '1/1', '-n', 'BOOT'];
  await tool(['mkfs.fat', '-C', ...shape, ...fixed, torso, `${Math.ceil(sizeBytes / 1024)}`]);
  for (const folder of foldersOf(files)) await tool(['mmd', '-i', torso, `::${folder}`]);
  for (const group of groupsOf(files)) {
    if ('text' in group) await tool(['mcopy', '-i', torso, '-', `::${group.path}`], group.text);
    else await tool(['mcopy', '-Q', '-i', torso, ...group.sources, `::${group.folder}/`]);
  }
}

/** Parents first. */
function foldersOf(files: FatImageSpec['files']): string[] {
  const folders = new Set<string>();
  for (const file of files) {
    const names = path.posix.dirname(file.path).split('/');
    for (let depth = 1; depth <= names.length; depth++) folders.add(names.slice(0, depth).join('/'));
  }
  folders.delete('.');
  return [...folders].toSorted();
}

type Group = { readonly path: string; readonly text: string } | { readonly folder: string; readonly sources: string[] };

/** Neighbours of one folder are copied at once; the order stays. */
function groupsOf(files: FatImageSpec['files']): Group[] {
  const groups: Group[] = [];
  for (const file of files) {
    if ('text' in file) {
      groups.push({ path: file.path, text: file.text });
      continue;
    }
    const folder = path.posix.dirname(file.path).replace(/^\.$/, '');
    const last = groups.at(-1);
    const fits =
      last !== undefined && 'sources' in last && last.folder === folder && last.sources.length < filesPerCopy;
    if (fits) last.sources.push(file.source);
    else groups.push({ folder, sources: [file.source] });
  }
  return groups;
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
