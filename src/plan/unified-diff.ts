/** Two texts as the lines that differ, with a little around them: what diff -u prints, without its file names. */

const contextLines = 3;

/** Work grows with the product of the lines that differ; beyond this nobody reads the result either. */
const mostComparisons = 2_000_000;

interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** @returns undefined when the texts differ in too many lines; empty when they do not differ */
export function unifiedDiff(before: string, after: string): string | undefined {
  const edits = diffLines(linesOf(before), linesOf(after));
  if (edits === undefined) return undefined;
  return hunksOf(edits)
    .map(({ from, to }) => renderHunk(edits, from, to))
    .join('');
}

/** A last line without a newline is marked as diff(1) marks it. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function diffLines(before: readonly string[], after: readonly string[]): Edit[] | undefined {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  if (removed.length * added.length > mostComparisons) return undefined;
  return [
    ...before.slice(0, start).map(signed(' ')),
    ...diffMiddle(removed, added),
    ...before.slice(before.length - end).map(signed(' ')),
  ];
}

/** Along the longest common subsequence; removed lines stand before added ones. */
function diffMiddle(before: readonly string[], after: readonly string[]): Edit[] {
  const common = commonLengths(before, after);
  const width = after.length + 1;
  const edits: Edit[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const removed = before[row];
    const added = after[column];
    if (removed !== undefined && removed === added) {
      edits.push({ sign: ' ', line: removed });
      row += 1;
      column += 1;
    } else if (added === undefined || prefersRemoval(common, { width, row, column, rows: before.length })) {
      edits.push({ sign: '-', line: removed ?? '' });
      row += 1;
    } else {
      edits.push({ sign: '+', line: added });
      column += 1;
    }
  }
  return edits;
}

/** Length of the longest common subsequence of what follows each pair of places. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        before[row] === after[column]
          ? (common[(row + 1) * width + column + 1] ?? 0) + 1
          : Math.max(common[(row + 1) * width + column] ?? 0, common[row * width + column + 1] ?? 0);
    }
  }
  return common;
}

function prefersRemoval(
  common: Uint32Array,
  { width, row, column, rows }: { width: number; row: number; column: number; rows: number },
): boolean {
  return row < rows && (common[(row + 1) * width + column] ?? 0) >= (common[row * width + column + 1] ?? 0);
}

interface Hunk {
  readonly from: number;
  readonly to: number;
}

/** Changes whose surroundings touch are shown together. */
function hunksOf(edits: readonly Edit[]): Hunk[] {
  const hunks: { from: number; to: number }[] = [];
  for (const [index, { sign }] of edits.entries()) {
    if (sign === ' ') continue;
    const to = Math.min(edits.length, index + contextLines + 1);
    const last = hunks.at(-1);
    if (last !== undefined && index - contextLines <= last.to) last.to = to;
    else hunks.push({ from: Math.max(0, index - contextLines), to });
  }
  return hunks;
}

function renderHunk(edits: readonly Edit[], from: number, to: number): string {
  const shown = edits.slice(from, to);
  const old = rangeOf(edits, { from, to, without: '+' });
  const now = rangeOf(edits, { from, to, without: '-' });
  return [`@@ -${old} +${now} @@`, ...shown.map(({ sign, line }) => `${sign}${line}`)]
    .map((line) => `${line}\n`)
    .join('');
}

/** `4,7`: first line and count; a side without lines names the line before it. */
function rangeOf(edits: readonly Edit[], { from, to, without }: Hunk & { readonly without: '-' | '+' }): string {
  const count = (part: readonly Edit[]) => part.filter(({ sign }) => sign !== without).length;
  const before = count(edits.slice(0, from));
  const lines = count(edits.slice(from, to));
  const first = lines === 0 ? before : before + 1;
  return lines === 1 ? String(first) : `${first},${lines}`;
}

const signed =
  (sign: Edit['sign']) =>
  (line: string): Edit => ({ sign, line });
