/** Actions of the seal on files: taken away, emptied, written, linked, edited line by line. */
import {
  changesOf,
  linkUnlessSame,
  nothingToDo,
  writeUnlessSame,
  type ActionKind,
  type SealChange,
} from './seal-action.ts';
import { commentMark, matchesGlob, type ActionOf } from './seal-rule.ts';
import { findPaths, type SealTree } from './seal-tree.ts';

const fits = (globs: readonly string[], path: string) => globs.some((glob) => matchesGlob(path, glob));
const findAll = (globs: readonly string[], tree: SealTree) => globs.flatMap((glob) => findPaths(tree, glob));
const removeAll = (paths: readonly string[]) => changesOf(paths.map((path) => ({ kind: 'remove', path })));
const noTrace = () => false;

export const removals: ActionKind<ActionOf<'remove'>> = {
  plan: ({ globs }, tree) => removeAll(findAll(globs, tree)),
  hasSubject: noTrace,
  touches: ({ globs }, path) => fits(globs, path),
};

export const emptyFolders: ActionKind<ActionOf<'empty'>> = {
  plan: ({ folders }, tree) =>
    removeAll(folders.flatMap((folder) => tree.names(folder).map((name) => `${folder}/${name}`))),
  hasSubject: noTrace,
  touches: ({ folders }, path, isThere) => !isThere && folders.some((folder) => path.startsWith(`${folder}/`)),
};

export const emptyFiles: ActionKind<ActionOf<'empty-files-below'>> = {
  plan: ({ folder }, tree) => changesOf(filesBelow(folder, tree).map((path) => ({ kind: 'empty-file', path }))),
  hasSubject: noTrace,
  touches: ({ folder }, path) => path.startsWith(`${folder}/`),
};

/** With something in them. */
function filesBelow(folder: string, tree: SealTree): string[] {
  return tree.names(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    const entry = tree.entry(path);
    if (entry?.kind === 'folder') return filesBelow(path, tree);
    return entry?.kind === 'file' && entry.sizeBytes > 0 ? [path] : [];
  });
}

export const writing: ActionKind<ActionOf<'write'>> = {
  plan: (action, tree) => changesOf(writeUnlessSame(action, tree)),
  hasSubject: () => true,
  touches: (action, path) => action.path === path,
};

export const linking: ActionKind<ActionOf<'link'>> = {
  plan: ({ path, target }, tree) => changesOf(linkUnlessSame(path, target, tree)),
  hasSubject: () => true,
  touches: (action, path) => action.path === path,
};

export const comments: ActionKind<ActionOf<'comment'>> = {
  plan: ({ globs, lines }, tree) => changesOf(findAll(globs, tree).flatMap((path) => comment(path, lines, tree))),
  hasSubject: ({ globs }, tree) => findAll(globs, tree).some((path) => tree.text(path).includes(commentMark)),
  touches: ({ globs }, path, isThere) => isThere && fits(globs, path),
};

function comment(path: string, pattern: string, tree: SealTree): SealChange[] {
  const entry = tree.entry(path);
  if (entry?.kind !== 'file') return [];
  const wanted = new RegExp(pattern);
  const lines = tree.text(path).split('\n');
  if (!lines.some((line) => wanted.test(line))) return [];
  const content = lines.map((line) => (wanted.test(line) ? `${commentMark}${line}` : line)).join('\n');
  return [{ kind: 'write', path, content, mode: entry.mode }];
}

export const firstLines: ActionKind<ActionOf<'prepend'>> = {
  plan: ({ path, content }, tree) => {
    const entry = tree.entry(path);
    if (entry?.kind !== 'file' || tree.text(path).startsWith(content)) return nothingToDo;
    return changesOf([{ kind: 'write', path, content: `${content}${tree.text(path)}`, mode: entry.mode }]);
  },
  hasSubject: ({ path }, tree) => tree.entry(path)?.kind === 'file',
  touches: (action, path, isThere) => isThere && action.path === path,
};

const dropInOf = (path: string) => `${path}.d/pi-image.conf`;

export const dropIns: ActionKind<ActionOf<'drop-in'>> = {
  plan: ({ globs, content }, tree) =>
    changesOf(
      wantDropIn(globs, tree).flatMap((path) => writeUnlessSame({ path: dropInOf(path), content, mode: 0o644 }, tree)),
    ),
  hasSubject: ({ globs }, tree) => wantDropIn(globs, tree).length > 0,
  touches: ({ globs }, path) => fits(globs.map(dropInOf), path),
};

/** What leaves the interface alone needs none, nor does a mask. */
function wantDropIn(globs: readonly string[], tree: SealTree): string[] {
  const isUnmanaged = (path: string) => /^\s*Unmanaged\s*=\s*(?:yes|true|on|1)\s*$/im.test(tree.text(path));
  return findAll(globs, tree).filter((path) => tree.entry(path)?.kind === 'file' && !isUnmanaged(path));
}

const [oldSources, newSources] = ['etc/apt/sources.list', 'etc/apt/sources.list.d/debian.sources'] as const;

export const aptSources: ActionKind<ActionOf<'apt-sources'>> = {
  plan: (_action, tree, { sources }) =>
    sources === ''
      ? nothingToDo
      : changesOf([
          ...(tree.entry(oldSources) === undefined ? [] : [{ kind: 'remove', path: oldSources } as const]),
          ...writeUnlessSame({ path: newSources, content: sources, mode: 0o644 }, tree),
        ]),
  hasSubject: noTrace,
  touches: (_action, path) => path === oldSources || path === newSources,
};
