/** Writes what was tried in an image beside its image.yaml: as a program that does it again, or as the files that changed. */
import { chmod, chown, cp, lstat, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { indexTree } from '../host/index-tree.ts';
import { addToYamlList } from '../host/yaml-file.ts';
import { ConfigError } from '../model/errors.ts';
import { ImageSpec } from '../model/image-spec.ts';
import { planKeptChanges, renderProgram } from '../plan/kept-changes.ts';
import type { BuildRequest } from './running-build.ts';

type KeepIn = Pick<BuildRequest, 'name' | 'spec' | 'specDir' | 'isOwnSpec' | 'signal'>;

/** Before anything is run: a session whose changes cannot be kept should not begin. */
export async function checkKeepable({ name, spec, specDir, isOwnSpec }: KeepIn, layer: string): Promise<void> {
  const shipped = `Copy ${specDir} to your own images/ folder first.`;
  if (!isOwnSpec) throw new ConfigError(`${name} is not yours to change: it is shipped`, { hint: shipped });
  const taken = [layer, `${layer}.sh`];
  for (const file of taken) {
    if ((await lstat(path.join(specDir, file)).catch(() => undefined)) === undefined) continue;
    throw new ConfigError(`there is ${file} beside image.yaml already`, { hint: 'Keep it under another name.' });
  }
  if (spec.layers.some((other) => other.name === layer)) {
    throw new ConfigError(`${name} has a layer ${layer} already`, { hint: 'Keep it under another name.' });
  }
  checkSpec(spec, { name: layer });
}

function checkSpec(spec: ImageSpec, layer: object): void {
  const result = ImageSpec.safeParse({ ...spec, layers: [...spec.layers, layer] });
  if (!result.success) throw new ConfigError(result.error.issues[0]?.message ?? 'that is no name for a layer');
}

/** The command itself is what can be repeated on another day, with newer packages below it. @returns what was written */
export async function keepCommand(
  request: KeepIn,
  layer: string,
  { command, network }: { readonly command: readonly string[]; readonly network: boolean },
): Promise<string[]> {
  const program = `${layer}.sh`;
  await writeProgram(request, program, [command]);
  await addLayer(request, { name: layer, run: [`./${program}`], ...(network && { network }) });
  return [program, 'image.yaml'];
}

export interface KeptSession {
  readonly written: readonly string[];
  /** What could not be kept, as sentences. */
  readonly cannot: readonly string[];
}

/** Nobody knows what was typed, so the result is kept. */
export async function keepSession(request: KeepIn, layer: string, upper: string): Promise<KeptSession> {
  const changes = planKeptChanges(await indexTree(upper, { signal: request.signal }));
  const { copies, removes, cannot } = changes;
  if (copies.length + removes.length === 0) return { written: [], cannot };
  for (const file of copies) {
    const target = path.join(request.specDir, layer, file);
    await mkdir(path.dirname(target), { recursive: true });
    await cp(path.join(upper, file), target, { verbatimSymlinks: true });
  }
  const program = `${layer}.sh`;
  if (removes.length > 0) {
    await writeProgram(request, program, [['rm', '-rf', '--', ...removes.map((file) => `/${file}`)]]);
  }
  const run = removes.length > 0 ? { run: [`./${program}`], inputs: [] } : {};
  const files = copies.length > 0 ? { files: `${layer}/` } : {};
  await addLayer(request, { name: layer, ...run, ...files });
  if (copies.length > 0) await giveTree(request.specDir, layer, copies);
  return {
    written: [...(copies.length > 0 ? [`${layer}/`] : []), ...(removes.length > 0 ? [program] : []), 'image.yaml'],
    cannot,
  };
}

async function writeProgram({ specDir }: KeepIn, name: string, lines: readonly (readonly string[])[]): Promise<void> {
  const file = path.join(specDir, name);
  await writeFile(file, renderProgram(lines), { flag: 'wx' });
  await chmod(file, 0o755);
  await giveTree(specDir, name, []);
}

async function addLayer({ specDir }: KeepIn, layer: object): Promise<void> {
  await addToYamlList(path.join(specDir, 'image.yaml'), 'layers', layer);
  await giveTree(specDir, 'image.yaml', []);
}

/** What lies in somebody's working copy is theirs, though root wrote it. */
async function giveTree(dir: string, name: string, files: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(dir);
  const folders = new Set(files.flatMap((file) => parentsOf(path.join(name, file))));
  for (const each of [name, ...folders, ...files.map((file) => path.join(name, file))]) {
    const place = path.join(dir, each);
    if (!(await lstat(place)).isSymbolicLink()) await chown(place, uid, gid);
  }
}

function parentsOf(file: string): string[] {
  const folder = path.dirname(file);
  return folder === '.' ? [] : [folder, ...parentsOf(folder)];
}
