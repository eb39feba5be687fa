/** Lists of hosts as cluster people write them: `node[01-08,10],head`. */
import { UsageError } from '../model/errors.ts';

/** More names than this are a typing mistake: the largest cluster meant here has 1,000 boards. */
const mostNames = 10_000;

/** 1,000 names written one by one. */
const mostCharacters = 64 * 1024;

/** In one name; each of them is a step of recursion. */
const mostBrackets = 32;

/** @throws UsageError that says which part cannot be read */
export function expandHostlist(text: string): string[] {
  if (text.length > mostCharacters) throw new UsageError(`a list of hosts of ${text.length} characters`);
  const names = new Set<string>();
  for (const part of splitAtCommas(text)) {
    if (part.split('[').length > mostBrackets + 1)
      throw new UsageError(`a name with more than ${mostBrackets} brackets`);
    for (const name of expandPart(part)) names.add(name);
    if (names.size > mostNames) throw new UsageError(`"${text}" names more than ${mostNames} hosts`);
  }
  return [...names];
}

/** Commas in brackets separate numbers, those outside separate names. */
function splitAtCommas(text: string): string[] {
  const parts = text.match(/(?:\[[^\][]*\]|[^,[])+/g) ?? [];
  const isWhole = parts.join(',') === text;
  if (!isWhole || parts.length === 0) {
    throw new UsageError(`"${text}" is not a list of hosts`, { hint: 'Write for example node[01-08],head.' });
  }
  return parts;
}

function expandPart(part: string): string[] {
  const bracket = /^([^[\]]*)\[([^[\]]*)\]([^]*)$/.exec(part);
  if (bracket === null) {
    if (/[[\]]/.test(part)) throw new UsageError(`"${part}" has a bracket too many`);
    return [part];
  }
  const [, before = '', numbers = '', after = ''] = bracket;
  const tails = expandPart(after);
  const names = numbers.split(',').flatMap((range) => expandRange(range, part));
  if (names.length * tails.length > mostNames) throw new UsageError(`"${part}" names more than ${mostNames} hosts`);
  return names.flatMap((number) => tails.map((tail) => `${before}${number}${tail}`));
}

/** `01-10` keeps two digits; `8-10` is 8, 9, 10. */
function expandRange(range: string, part: string): string[] {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
  const [, first = '', last = first] = match ?? [];
  const count = Number(last) - Number(first) + 1;
  if (match === null || count < 1 || (last.startsWith('0') && last.length !== first.length)) {
    throw new UsageError(`"${range}" in "${part}" is not a range of numbers`, { hint: 'Write for example [01-08].' });
  }
  if (count > mostNames) throw new UsageError(`"${part}" names more than ${mostNames} hosts`);
  return Array.from({ length: count }, (_, index) => String(Number(first) + index).padStart(first.length, '0'));
}

interface Numbered {
  readonly before: string;
  readonly number: string;
  readonly after: string;
}

/** The shortest list for these names, in natural order; expanding it gives them back. */
export function compressHostlist(names: Iterable<string>): string {
  const groups = new Map<string, Numbered[]>();
  for (const name of [...new Set(names)].toSorted(compareNames)) {
    const numbered = splitNumber(name);
    const key = JSON.stringify([numbered.before, numbered.after, numbered.number === '']);
    const group = groups.get(key) ?? [];
    group.push(numbered);
    groups.set(key, group);
  }
  return [...groups.values()].map(renderGroup).join(',');
}

const natural = new Intl.Collator('en', { numeric: true });

/** node2 before node10, equal numbers by their digits. */
export function compareNames(a: string, b: string): number {
  const byNumber = natural.compare(a, b);
  return byNumber === 0 ? Number(a > b) - Number(a < b) : byNumber;
}

/** The last number of a name counts: rack1-node07 is node07 of rack1. */
function splitNumber(name: string): Numbered {
  const match = /^([^]*?)(\d{1,9})(\D*)$/.exec(name);
  const [, before = '', number = '', after = ''] = match ?? [];
  return match === null || /\d$/.test(before) ? { before: name, number: '', after: '' } : { before, number, after };
}

function renderGroup(group: readonly Numbered[]): string {
  const { before = '', after = '' } = group[0] ?? {};
  const ranges: { first: string; last: string }[] = [];
  for (const { number } of group) {
    const range = ranges.at(-1);
    const next = range && String(Number(range.last) + 1).padStart(range.first.length, '0');
    if (range !== undefined && next === number) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  const texts = ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  const isOne = ranges.length === 1 && ranges[0]?.first === ranges[0]?.last;
  return isOne ? `${before}${texts.join('')}${after}` : `${before}[${texts.join(',')}]${after}`;
}
