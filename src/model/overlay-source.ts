/** An overlay as read from its folder, before rendering. */
import { didYouMean } from './nearest.ts';
import type { OverlaySpec } from './overlay-spec.ts';
import type { Problem } from './problem.ts';

export interface OverlaySource {
  readonly name: string;
  readonly spec: OverlaySpec;
  readonly files: readonly OverlaySourceFile[];
}

export type OverlaySourceFile =
  /** `path` is relative to the node's root and has lost its `.hbs` when `isTemplate`. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly isTemplate: boolean;
      readonly bytes: Uint8Array;
      readonly isExecutable: boolean;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Does overlay.yaml speak of the files that are there? */
export function checkOverlaySource(source: OverlaySource): Problem[] {
  const paths = source.files.map((file) => file.path);
  const doubles = paths
    .filter((path, index) => paths.indexOf(path) !== index)
    .map((path): Problem => ({ path: [], message: `files/${path} is there twice, with and without .hbs` }));
  return [...doubles, ...Object.keys(source.spec.files).flatMap((path) => checkEntry(source, path))];
}

function checkEntry({ spec, files }: OverlaySource, path: string): Problem[] {
  const secret = spec.files[path]?.secret;
  const isFile = files.some((file) => file.path === path);
  const isFolder = files.some((file) => file.path.startsWith(`${path}/`)) || isFolderOfSecret(spec, path);
  if (secret === undefined) return isFile || isFolder ? [] : checkFolder(spec, files, path);
  if (!isFile && !isFolder) return [];
  return [{ path: ['files', path], message: `its content is the secret ${secret}, but files/${path} exists too` }];
}

/** An entry without a file is an empty folder on the node, unless it was meant for a file and is misspelt. */
function checkFolder(spec: OverlaySpec, files: readonly OverlaySourceFile[], path: string): Problem[] {
  const others = files.map((file) => file.path).filter((other) => spec.files[other] === undefined);
  const close = didYouMean(path, others);
  if (spec.files[path]?.live !== true && close === '') return [];
  const hint = `Add files/${path} or files/${path}.hbs, or remove the entry.`;
  return [{ path: ['files', path], message: `there is no such file under files/${close}`, hint }];
}

const secretNames = new WeakMap<OverlaySpec, readonly string[]>();

/** Those it says it needs and those that are the content of its files. */
export function secretsOf(spec: OverlaySpec): readonly string[] {
  const known = secretNames.get(spec);
  if (known !== undefined) return known;
  const contents = Object.values(spec.files).flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  const names = [...new Set([...spec.needs.secrets, ...contents])];
  secretNames.set(spec, names);
  return names;
}

function isFolderOfSecret(spec: OverlaySpec, path: string): boolean {
  return Object.entries(spec.files).some(([file, { secret }]) => secret !== undefined && file.startsWith(`${path}/`));
}
