/** A tree on the disk as the rules of the seal see it. Synchronous: they ask for some hundred names, one after the other. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

import { infoOf, kindOf } from './tree.ts';

/** See `SealTree` of plan/. */
interface FoundEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly sizeBytes: number;
  readonly mode: number;
  readonly target?: string;
}

/** Larger ones are no settings. */
const maxTextBytes = 1 << 20;

export class TreeOnDisk {
  readonly #root: string;
  readonly capabilities: ReadonlyMap<string, string>;

  constructor(root: string, capabilities: ReadonlyMap<string, string>) {
    this.#root = root;
    this.capabilities = capabilities;
  }

  readonly entry = (relative: string): FoundEntry | undefined => {
    const place = this.#place(relative);
    const info = place === undefined ? undefined : infoOf(place);
    if (place === undefined || info === undefined) return undefined;
    const kind = kindOf(info);
    const target = kind === 'link' ? { target: readlinkSync(place) } : {};
    return { kind, sizeBytes: info.size, mode: info.mode & 0o7777, ...target };
  };

  readonly names = (folder: string): readonly string[] => {
    const place = this.#follow(folder.split('/').filter((part) => part !== ''));
    if (place === undefined || infoOf(place)?.isDirectory() !== true) return [];
    return readdirSync(place).toSorted();
  };

  readonly text = (relative: string): string => {
    const place = this.#place(relative);
    const info = place === undefined ? undefined : infoOf(place);
    return place !== undefined && info?.isFile() === true && info.size <= maxTextBytes
      ? readFileSync(place, 'utf8')
      : '';
  };

  /** Links of its folders are followed, the entry itself is not. */
  #place(relative: string): string | undefined {
    const parts = relative.split('/');
    const folder = this.#follow(parts.slice(0, -1));
    return folder === undefined ? undefined : path.join(folder, parts.at(-1) ?? '');
  }

  /** As the kernel of a node would: `/` and `..` end at the root of the tree. */
  #follow(parts: readonly string[]): string | undefined {
    const open = [...parts];
    const walked: string[] = [];
    let links = 0;
    for (let part = open.shift(); part !== undefined; part = open.shift()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        walked.pop();
        continue;
      }
      const place = path.join(this.#root, ...walked, part);
      const info = infoOf(place);
      if (info === undefined) return undefined;
      if (!info.isSymbolicLink()) {
        walked.push(part);
        continue;
      }
      links += 1;
      if (links > 40) return undefined;
      const target = readlinkSync(place);
      if (target.startsWith('/')) walked.length = 0;
      open.unshift(...target.split('/'));
    }
    return path.join(this.#root, ...walked);
  }
}
