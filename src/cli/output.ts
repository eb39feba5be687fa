/** How lists and values are shown: as a table for people, as JSON, YAML or bare names for programs. */
import { Option, type Command } from 'commander';

import { renderYaml } from '../host/yaml-text.ts';
import { unreachable } from '../model/errors.ts';
import { printable } from './format.ts';

export const outputFormats = ['table', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Adds `-o, --output`; the first format is the default. */
export function withOutput(command: Command, formats: readonly OutputFormat[] = outputFormats): Command {
  const [first = 'table'] = formats;
  return command.addOption(new Option('-o, --output <format>', 'how to show it').choices(formats).default(first));
}

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string | number | undefined;
}

export interface Listing<T> {
  readonly columns: readonly Column<T>[];
  /** What `-o name` prints, one a line. */
  readonly name: (row: T) => string;
  /** What `-o json` and `-o yaml` show of a row; the row itself unless given. */
  readonly data?: (row: T) => unknown;
  /** Said instead of an empty table. */
  readonly empty: string;
}

export function renderListing<T>(rows: readonly T[], format: OutputFormat, listing: Listing<T>): string {
  switch (format) {
    case 'table':
      return rows.length === 0 ? `${listing.empty}\n` : renderTable(rows, listing.columns);
    case 'name':
      return rows.map((row) => `${listing.name(row)}\n`).join('');
    case 'json':
    case 'yaml':
      return renderValue(rows.map(listing.data ?? ((row) => row)), format);
    default:
      return unreachable(format);
  }
}

/** For people there is YAML: it reads as the file that the value came from. */
export function renderValue(value: unknown, format: Exclude<OutputFormat, 'name'>): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2).replaceAll(steering, escaped)}\n` : renderYaml(value);
}

/** Of what steers a terminal JSON escapes the rest. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const steering = /[\u007f-\u009f]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const gap = '  ';

/** Columns as wide as their widest cell; a cell without a value is a dash. What nodes say of themselves stands in cells, too. */
export function renderTable<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map(({ title }) => title.toUpperCase()),
    ...rows.map((row) => columns.map(({ of }) => cellOf(of(row)))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(gap))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function cellOf(value: string | number | undefined): string {
  return value === undefined || value === '' ? '-' : printable(String(value));
}

/** So that facts in two groups stand in one column. */
const minFactWidth = 11;

/** `name: value` lines with the values below each other; undefined ones are left out. */
export function renderFacts(facts: readonly (readonly [name: string, value: string | number | undefined])[]): string {
  const shown = facts.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(minFactWidth, ...shown.map(([name]) => name.length + 1));
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${value}\n`).join('');
}
