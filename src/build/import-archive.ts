/**
 * Publishes what somebody has built without root. Nothing is taken on trust that a build of root's own would have made sure
 * of: it is sealed again, looked through for secrets again, and read again; only how it was made is taken from its maker.
 */
import { lstat, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { writeFileAtomically } from '../host/atomic-file.ts';
import { dropDevices, rootCapabilities } from '../host/foreign-tree.ts';
import { beginVersion, imagesDir } from '../host/image-store.ts';
import { indexFileName, readTreeIndex } from '../host/index-file.ts';
import { readJsonFile } from '../host/json-file.ts';
import { run } from '../host/process.ts';
import { walkTree } from '../host/tree.ts';
import { claimWorkDir } from '../host/work-dir.ts';
import { Handover } from '../model/handover.ts';
import { ConfigError } from '../model/errors.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { IndexEntry } from '../model/tree-index.ts';
import { planSeal } from '../plan/build.ts';
import { compareWithBuilt } from '../plan/handed-over.ts';
import { checkIds } from '../plan/id-registry.ts';
import { foldersWithKeys, refuseSecrets } from '../plan/secret-lint.ts';
import { seal } from './apply-seal.ts';
import { requireRoot, requireStateDir } from './check-machine.ts';
import { explainDisk } from './disk-error.ts';
import { finishTree } from './finish-tree.ts';
import { handoverMembers, handoverName } from './hand-over.ts';
import type { ImportRequest } from './import-image.ts';
import { discardTorso, publishTree } from './publish.ts';
import { readRegistry } from './read-cache.ts';
import { buildPaths } from './running-build.ts';
import { scanTree } from './scan-tree.ts';

export type ArchiveRequest = Omit<ImportRequest, 'name' | 'root' | 'boot' | 'boards'> & { readonly archive: string };

/** @returns name and version of what was published */
export async function importArchive(request: ArchiveRequest): Promise<string> {
  const { stateDir, archive, signal, progress } = request;
  requireRoot('importing an image');
  requireStateDir(stateDir);
  if ((await lstat(archive).catch(() => undefined))?.isFile() !== true) {
    throw new ConfigError(`there is no file ${archive}`, { hint: 'Name what "pi-image build" wrote without root.' });
  }
  const work = await claimWorkDir(stateDir);
  try {
    progress.step({ index: 1, total: 3, title: `unpack ${path.basename(archive)}` });
    const handover = await readHandover(archive, work.dir, signal);
    const torso = await beginVersion(imagesDir(stateDir), handover.manifest.name);
    try {
      const need = { exportsBytes: handover.manifest.rootBytes };
      return await explainDisk(stateDir, importInto(torso, handover, request), () => Promise.resolve(need));
    } finally {
      await discardTorso(torso);
    }
  } finally {
    await work.release();
  }
}

const notOurs = (archive: string, why: string) =>
  new ConfigError(`${archive} is not what "pi-image build" writes without root: ${why}`, {
    hint: 'An archive of a root alone is imported with "pi-image image import NAME --root FILE --boot DIR".',
  });

/** It comes first in the archive, so little is read for it. */
async function readHandover(archive: string, dir: string, signal: AbortSignal): Promise<Handover> {
  const target = path.join(dir, 'handover');
  await mkdir(target);
  const only = ['--occurrence=1', '--no-same-owner', '--file', archive, '--directory', target, handoverName];
  await run(['tar', '--extract', ...only], { signal }).catch((error: Error) => {
    signal.throwIfAborted();
    throw Object.assign(notOurs(archive, `it has no ${handoverName}`), { cause: error });
  });
  const file = path.join(target, handoverName);
  if (!(await lstat(file)).isFile()) throw notOurs(archive, `${handoverName} is no file`);
  const handover = await readJsonFile<Handover | undefined>({ file, schema: Handover, empty: undefined });
  if (handover === undefined) throw notOurs(archive, `it has no ${handoverName}`);
  return handover;
}

async function importInto(torso: string, handover: Handover, request: ArchiveRequest): Promise<string> {
  const { stateDir, now, progress, signal } = request;
  const { manifest, spec, lock } = handover;
  const { name } = manifest;
  const built = await unpack(torso, handover, request);
  progress.step({ index: 2, total: 3, title: 'seal it, and look for secrets' });
  const root = path.join(torso, 'root');
  for (const device of await dropDevices(root, signal)) progress.note(`/${device} is left out: nodes make their own`);
  await rootCapabilities(root, signal);
  await seal(planSeal(spec, lock), { torso, lock, progress, signal });
  const found = await finishTree({ root, imagesDir: imagesDir(stateDir), placed: new Map(), signal });
  const { entries, others } = compareWithBuilt(found, built);
  for (const other of others) progress.note(`/${other} is not as it was built`);
  const tree = await scanTree(root, entries, foldersWithKeys);
  refuseSecrets(name, tree.secrets);
  const registry = await readRegistry(stateDir, name);
  checkIds(name, registry, tree);
  progress.step({ index: 3, total: 3, title: 'publish' });
  await writeFileAtomically(buildPaths(stateDir).lock(name), `${JSON.stringify(lock, null, 1)}\n`);
  const finished = { ...describe(manifest), name, stateDir, torso, registry, now, signal, tree };
  // It may have been killed when it was as good as done, and is tried again.
  const version = await publishTree({ ...finished, onlyNews: true });
  return `${name}@${version}`;
}

/** What its maker says of it; all else is found out anew. */
function describe({ boards, key, kernels, kernelArguments, rootModes, layers, diskless }: ImageManifest) {
  return {
    boards,
    key,
    kernels,
    layers,
    diskless,
    ...(kernelArguments !== undefined && { kernelArguments }),
    ...(rootModes !== undefined && { rootModes }),
  };
}

/** As it was packed: access lists are attributes, with numbers in them. */
const keep = ['--numeric-owner', '--same-owner', '--preserve-permissions', '--xattrs', '--xattrs-include=*'] as const;

/** @returns the index that its maker made */
async function unpack(
  torso: string,
  { manifest }: Handover,
  { archive, signal }: ArchiveRequest,
): Promise<readonly IndexEntry[]> {
  const members = handoverMembers.filter((member) => member !== handoverName);
  const place = ['--file', archive, '--directory', torso, ...members];
  const hint = 'The archive may be damaged, or made by another program: build the image again.';
  await run(['tar', '--extract', ...keep, ...place], { signal, hint });
  for (const folder of ['root', 'boot']) {
    if (!(await lstat(path.join(torso, folder))).isDirectory()) throw notOurs(archive, `${folder} is no folder`);
  }
  await checkBoot(path.join(torso, 'boot'), manifest, archive);
  const index = path.join(torso, indexFileName);
  if (!(await lstat(index)).isFile()) throw notOurs(archive, `${indexFileName} is no file`);
  const built = await readTreeIndex(index);
  await rm(index);
  return built?.entries ?? [];
}

/** Links of a tree may lead anywhere; what firmware loads are files, and those that the manifest names are among them. */
async function checkBoot(boot: string, { kernels }: ImageManifest, archive: string): Promise<void> {
  const files = new Set<string>();
  for await (const { kind, path: name } of walkTree(boot)) {
    if (kind === 'file') files.add(name);
    else if (kind !== 'folder') throw notOurs(archive, `boot/${name} is no file`);
  }
  for (const name of kernels.flatMap(({ kernel, initramfs }) => [kernel, initramfs])) {
    if (!files.has(name)) throw notOurs(archive, `it lacks boot/${name}`);
  }
}
