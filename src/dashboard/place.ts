/** Where one is on the page, as the part of its address after `#`: so that links, reload and Back work. */

export const views = ['rack', 'boards', 'operations', 'rollouts', 'images', 'events'] as const;
export type View = (typeof views)[number];

export interface Place {
  readonly view: View;
  /** The node whose panel is open. */
  readonly node?: string;
  /** The operation whose steps are shown. */
  readonly operation?: string;
}

/** `#/rack`, `#/nodes/node01`, `#/events/nodes/node01`, `#/operations/12` */
export function readPlace(hash: string): Place {
  const parts = hash.replace(/^#\/?/, '').split('/').map(decode);
  const view = views.find((each) => each === parts[0]) ?? 'rack';
  const at = parts.indexOf('nodes');
  const node = at === -1 ? undefined : parts[at + 1];
  if (node !== undefined && node !== '') return { view, node };
  const second = parts[1] ?? '';
  return view === 'operations' && second !== '' && at === -1 ? { view, operation: second } : { view };
}

export function renderPlace({ view, node, operation }: Place): string {
  const start = view === 'rack' && node !== undefined ? '#' : `#/${view}`;
  if (node !== undefined) return `${start}/nodes/${encodeURIComponent(node)}`;
  return operation === undefined ? start : `${start}/${encodeURIComponent(operation)}`;
}

/** What somebody typed may be no encoding at all. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
