/** What a misspelt word was probably meant to be. */

/** The known word with the fewest edits to `word`; undefined when none is close. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: { word: string; edits: number } | undefined;
  for (const candidate of known) {
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits <= mayDiffer(wanted, candidate) && (best === undefined || edits < best.edits)) {
      best = { word: candidate, edits };
    }
  }
  return best?.word;
}

/** `; did you mean compute?`, or nothing. Meant for the end of a message. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? '' : `; did you mean ${found}?`;
}

/** One edit in short words, a third of the letters in longer ones. */
function mayDiffer(word: string, candidate: string): number {
  return Math.max(1, Math.floor(Math.min(word.length, candidate.length) / 3));
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column += 1) rows[row]?.push(cheapest(rows, { from, to, row, column }));
  }
  return rows[from.length]?.[to.length] ?? 0;
}

function cheapest(
  rows: readonly (readonly number[])[],
  at: { from: string; to: string; row: number; column: number },
): number {
  const { from, to, row, column } = at;
  const cost = (up: number, left: number) => rows[row - up]?.[column - left] ?? Number.POSITIVE_INFINITY;
  const replace = cost(1, 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
  const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
  return Math.min(cost(1, 0) + 1, cost(0, 1) + 1, replace, isSwap ? cost(2, 2) + 1 : Number.POSITIVE_INFINITY);
}
