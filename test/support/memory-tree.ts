/** A tree of a few files, as the rules of the seal see it, and what their changes make of it. */
import type { SealChange } from '../../src/plan/seal-action.ts';
import type { SealEntry, SealTree } from '../../src/plan/seal-tree.ts';

/** A text of mode 0644 or another, or a link; folders are there where something lies in them. */
export type MadeUpFile = string | { readonly link: string } | { readonly text: string; readonly mode: number };
export type MadeUpTree = Readonly<Record<string, MadeUpFile>>;

export function memoryTree(files: MadeUpTree, capabilities: Readonly<Record<string, string>> = {}): SealTree {
  const below = (folder: string) => Object.keys(files).filter((path) => folder === '' || path.startsWith(`${folder}/`));
  const entry = (path: string): SealEntry | undefined => {
    const file = files[path];
    if (typeof file === 'string') return { kind: 'file', sizeBytes: Buffer.byteLength(file), mode: 0o644 };
    if (file !== undefined && 'text' in file) return { kind: 'file', sizeBytes: file.text.length, mode: file.mode };
    if (file !== undefined && 'link' in file) return { kind: 'link', sizeBytes: 0, mode: 0o777, target: file.link };
    if (file === undefined && below(path).length === 0) return undefined;
    return { kind: 'folder', sizeBytes: 0, mode: 0o755 };
  };
  const names = (folder: string) => {
    const start = folder === '' ? 0 : folder.length + 1;
    return [...new Set(below(folder).map((path) => path.slice(start).split('/')[0] ?? ''))].toSorted();
  };
  const text = (path: string) => {
    const file = files[path];
    if (typeof file === 'object' && 'text' in file) return file.text;
    return typeof file === 'string' ? file : '';
  };
  return { entry, names, text, capabilities: new Map(Object.entries(capabilities)) };
}

export function changed(files: MadeUpTree, changes: readonly SealChange[]): MadeUpTree {
  const result: Record<string, MadeUpFile> = { ...files };
  for (const change of changes) {
    if (change.kind === 'write') result[change.path] = written(change);
    else if (change.kind === 'link') result[change.path] = { link: change.target };
    else if (change.kind === 'empty-file') result[change.path] = '';
    else {
      for (const path of Object.keys(result)) {
        if (path === change.path || path.startsWith(`${change.path}/`)) delete result[path];
      }
    }
  }
  return result;
}

function written({ content, mode }: Extract<SealChange, { kind: 'write' }>): MadeUpFile {
  return mode === 0o644 ? content : { text: content, mode };
}
