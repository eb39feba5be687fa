/** Reads what administrators write: cluster.yaml, nodes.yaml, and the folders images/, overlays/ and boot/. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { boardNames, type BoardName } from '../model/board.ts';
import { Cluster } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import { ImageSpec } from '../model/image-spec.ts';
import { didYouMean } from '../model/nearest.ts';
import { NodeList, type NodeSpec } from '../model/node.ts';
import type { OverlaySource } from '../model/overlay-source.ts';
import { ProblemsError, type PlacedProblem, type Place } from '../model/problem.ts';
import type { BoardTemplates } from '../model/view.ts';
import { readOverlay } from './overlay-folder.ts';
import { readYamlFile } from './yaml-file.ts';

export interface ClusterFile {
  readonly cluster: Cluster;
  readonly place: Place;
}

export async function readCluster(file: string): Promise<ClusterFile> {
  const hint = 'Write one with "pi-image init", or name it with --config FILE.';
  const { value, place } = await readYamlFile(file, Cluster, hint);
  return { cluster: value, place };
}

export interface NodesFile {
  readonly nodes: readonly NodeSpec[];
  readonly place: Place;
}

export async function readNodesFile(file: string): Promise<NodesFile> {
  const hint = 'Start from the nodes there are: "pi-image node export > nodes.yaml".';
  const { value, place } = await readYamlFile(file, NodeList, hint);
  return { nodes: value, place };
}

/** @param dataDirs folders that hold overlays/; an overlay in an earlier one hides all of its namesake in a later one */
export async function readOverlays(dataDirs: readonly string[]): Promise<Map<string, OverlaySource>> {
  const folders = await namedFolders(dataDirs, 'overlays');
  const results = await Promise.allSettled([...folders].map(([name, folder]) => readOverlay(folder, name)));
  const overlays = new Map<string, OverlaySource>();
  const problems: PlacedProblem[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') overlays.set(result.value.name, result.value);
    else if (result.reason instanceof ProblemsError) problems.push(...result.reason.problems);
    else throw result.reason;
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return overlays;
}

/** All folders of overlays of that name: the first one counts, and hides the others. */
export async function overlayFolders(dataDirs: readonly string[], name: string): Promise<string[]> {
  const folders = dataDirs.map((dir) => path.join(dir, 'overlays', name));
  const isThere = await Promise.all(folders.map((folder) => exists(path.join(folder, 'overlay.yaml'))));
  return folders.filter((_, index) => isThere[index]);
}

/** @param dataDirs folders that hold boot/<board>/; each file is taken from the first that has it */
export async function readBoardTemplates(dataDirs: readonly string[]): Promise<Map<BoardName, BoardTemplates>> {
  const templates = new Map<BoardName, BoardTemplates>();
  for (const board of boardNames) {
    const configTxt = await readFirst(dataDirs, `boot/${board}/config.txt.hbs`);
    const cmdlineTxt = await readFirst(dataDirs, `boot/${board}/cmdline.txt.hbs`);
    if (configTxt === undefined || cmdlineTxt === undefined) continue;
    const texts = await readLoaderTexts(dataDirs, `boot/${board}`);
    templates.set(board, { configTxt, cmdlineTxt, ...(texts.size > 0 && { texts }) });
  }
  return templates;
}

const ofEveryBoard = new Set(['config.txt.hbs', 'cmdline.txt.hbs']);

/** Every further template of a board is a text that its boot loader may ask for. */
async function readLoaderTexts(dataDirs: readonly string[], folder: string): Promise<Map<string, string>> {
  const listed = await Promise.all(dataDirs.map((dir) => readdir(path.join(dir, folder)).catch(ifThere([]))));
  const names = [...new Set(listed.flat())].filter((name) => name.endsWith('.hbs') && !ofEveryBoard.has(name));
  const texts = new Map<string, string>();
  for (const name of names.toSorted()) {
    const text = await readFirst(dataDirs, `${folder}/${name}`);
    if (text !== undefined) texts.set(name.slice(0, -'.hbs'.length), text);
  }
  return texts;
}

export interface ImageSpecFolder {
  readonly spec: ImageSpec;
  /** Folder of image.yaml; `files:` and `run:` are relative to it. */
  readonly dir: string;
}

/** @param dataDirs folders that hold images/; the first that has the image wins */
export async function readImageSpec(dataDirs: readonly string[], name: string): Promise<ImageSpecFolder> {
  const folders = await listImageSpecs(dataDirs);
  const dir = folders.get(name);
  if (dir === undefined) {
    const known = [...folders.keys()];
    throw new ConfigError(`there is no image ${name}${didYouMean(name, known)}`, {
      hint:
        known.length > 0 ? `There are: ${known.join(', ')}.` : `Write ${dataDirs[0] ?? ''}/images/${name}/image.yaml.`,
    });
  }
  const { value } = await readYamlFile(path.join(dir, 'image.yaml'), ImageSpec);
  return { spec: value, dir };
}

/** Image name -> folder of its image.yaml, by name. */
export async function listImageSpecs(dataDirs: readonly string[]): Promise<Map<string, string>> {
  const folders = await namedFolders(dataDirs, 'images');
  const hasSpec = await Promise.all([...folders.values()].map((dir) => exists(path.join(dir, 'image.yaml'))));
  return new Map([...folders].filter((_, index) => hasSpec[index]));
}

/** Folders below `<dataDir>/<kind>/` by name; hidden ones and plain files do not count. */
async function namedFolders(dataDirs: readonly string[], kind: 'images' | 'overlays'): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const dataDir of dataDirs) {
    const entries = await readdir(path.join(dataDir, kind), { withFileTypes: true }).catch(ifThere([]));
    for (const entry of entries) {
      const isCandidate = (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.');
      if (isCandidate && !found.has(entry.name)) found.set(entry.name, path.join(dataDir, kind, entry.name));
    }
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function readFirst(dataDirs: readonly string[], file: string): Promise<string | undefined> {
  for (const dataDir of dataDirs) {
    const text = await readFile(path.join(dataDir, file), 'utf8').catch(ifThere(undefined));
    if (text !== undefined) return text;
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(ifThere(undefined))) !== undefined;
}

/** Turns "no such file" into `otherwise`; every other failure is one. */
function ifThere<T>(otherwise: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return otherwise;
    throw new ConfigError(`cannot read ${error.path ?? 'a folder'}`, { cause: error });
  };
}
