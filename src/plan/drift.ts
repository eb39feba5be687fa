/** What of a node's overlay was changed on the node, as a sentence. */
import type { Drift, DriftedFile } from '../model/node-status.ts';

const shown = 3;

const words: Readonly<Record<DriftedFile['what'], string>> = {
  changed: 'changed on the node',
  missing: 'is gone from the node',
  attributes: 'has another type, mode or owner on the node',
};

/** `/etc/hosts changed on the node, /etc/motd is gone from the node, and 4 more`; undefined where all is as it was given. */
export function describeDrift(drift: Drift | undefined): string | undefined {
  if (drift === undefined || drift.count === 0) return undefined;
  const { count, files } = drift;
  const named = files.slice(0, shown).map(({ path, what }) => `/${path} ${words[what]}`);
  const more = count - named.length;
  return [...named, ...(more > 0 ? [named.length === 0 ? `${more} files differ` : `and ${more} more`] : [])].join(', ');
}
