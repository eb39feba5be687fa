/** Numbers, times and names as people read them. */

/** `3.4 s`, `2 min 5 s`, `3 h 20 min`. */
export function renderDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `debian-lite@20261121.1` -> its parts. */
export function splitImage(id: string): { readonly name: string; readonly version: string } {
  const [name = '', version = ''] = id.split('@');
  return { name, version };
}

/** Names as `node[01-03], login`: runs of numbers of one width are one word. */
export function shortList(names: readonly string[], limit = 6): string {
  const groups: { readonly stem: string; readonly first: string; last: string }[] = [];
  for (const name of names) {
    const { stem, digits } = numbered(name);
    const group = groups.at(-1);
    if (group !== undefined && follows(group, stem, digits)) group.last = digits;
    else groups.push({ stem, first: digits, last: digits });
  }
  const words = groups.map(({ stem, first, last }) =>
    first === last ? `${stem}${first}` : `${stem}[${first}-${last}]`,
  );
  const left = words.length - limit;
  return left > 0 ? `${words.slice(0, limit).join(', ')} and ${left} more` : words.join(', ');
}

function numbered(name: string): { readonly stem: string; readonly digits: string } {
  const [, stem = name, digits = ''] = /^(.*?)(\d*)$/.exec(name) ?? [];
  return { stem, digits };
}

function follows(group: { readonly stem: string; readonly last: string }, stem: string, digits: string): boolean {
  const isOneMore =
    group.last !== '' && digits.length === group.last.length && Number(digits) === Number(group.last) + 1;
  return group.stem === stem && isOneMore;
}
