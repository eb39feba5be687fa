/** Reads one overlay: overlay.yaml and the tree under files/. Anything that a node could not get as it is, is refused. */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

import { ConfigError } from '../model/errors.ts';
import { OverlaySpec, nodePath } from '../model/overlay-spec.ts';
import { checkOverlaySource, type OverlaySource, type OverlaySourceFile } from '../model/overlay-source.ts';
import { placeProblems, ProblemsError, type PlacedProblem } from '../model/problem.ts';
import { readYamlFile } from './yaml-file.ts';

/** An overlay is fetched by every node at every boot; what is larger belongs into the image. */
const largestFileBytes = 16 * 1024 * 1024;

const templateEnding = '.hbs';

/** @throws ProblemsError with everything that is wrong in the folder */
export async function readOverlay(folder: string, name: string): Promise<OverlaySource> {
  const file = path.join(folder, 'overlay.yaml');
  const { value: spec, place } = await readYamlFile(file, OverlaySpec, 'An overlay is a folder with an overlay.yaml.');
  const found = await readTree(path.join(folder, 'files'), '');
  const refused = found.filter((entry) => entry.kind === 'broken').map(({ problem }) => problem);
  const source: OverlaySource = {
    name,
    spec,
    files: found.flatMap((entry) => (entry.kind === 'broken' ? [] : [entry])),
  };
  const problems = [...refused, ...placeProblems(checkOverlaySource(source), place)];
  if (problems.length > 0) throw new ProblemsError(problems);
  return source;
}

type Found = OverlaySourceFile | { readonly kind: 'broken'; readonly problem: PlacedProblem };

/** Sorted by path, so that equal folders give equal values. */
async function readTree(root: string, below: string): Promise<Found[]> {
  const names = await readdir(path.join(root, below)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && below === '') return undefined;
    throw new ConfigError(`cannot read ${path.join(root, below)}`, { cause: error });
  });
  if (names === undefined) return [];
  if (names.length === 0 && below !== '') {
    const hint = `Remove it, and write "${below}: {}" under files: in overlay.yaml to have it on nodes.`;
    return [broken(path.join(root, below), 'an empty folder is not carried to nodes', hint)];
  }
  const found: Found[] = [];
  for (const name of names.toSorted()) found.push(...(await readEntry(root, path.posix.join(below, name))));
  return found;
}

async function readEntry(root: string, below: string): Promise<Found[]> {
  const file = path.join(root, below);
  if (!nodePath.test(below)) {
    const hint = 'Rename it: letters, digits and . _ @ + : - are allowed.';
    return [broken(file, 'spaces and special characters are not allowed in paths', hint)];
  }
  const found = await lstat(file);
  if (found.isDirectory()) return readTree(root, below);
  if (found.isSymbolicLink()) return [await readLink(file, below)];
  if (!found.isFile()) return [broken(file, 'only files, folders and links can be in an overlay')];
  if ((found.mode & 0o7000) !== 0) {
    const hint = `Run "chmod u-s,g-s,-t ${file}" and say mode: in overlay.yaml if the node really needs it.`;
    return [broken(file, 'a setuid, setgid or sticky bit is not taken over', hint)];
  }
  if (found.size > largestFileBytes) {
    return [broken(file, `${found.size} bytes are too many for an overlay`, 'Put large files into the image.')];
  }
  const isTemplate = below.endsWith(templateEnding);
  return [
    {
      kind: 'file',
      path: isTemplate ? below.slice(0, -templateEnding.length) : below,
      isTemplate,
      bytes: await readFile(file),
      isExecutable: (found.mode & 0o111) !== 0,
    },
  ];
}

async function readLink(file: string, below: string): Promise<Found> {
  const target = await readlink(file);
  return /^[\x20-\x7e]+$/.test(target)
    ? { kind: 'link', path: below, target }
    : broken(file, 'the target of this link has control characters');
}

function broken(file: string, message: string, hint?: string): Found {
  return { kind: 'broken', problem: { file, line: undefined, key: '', message, hint } };
}
