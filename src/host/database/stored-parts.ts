/** Which field lies in which table. A field without a table does not compile. */
import type { ApiToken, TokenList } from '../../model/api-token.ts';
import type { Boot } from '../../model/boot.ts';
import type { NodeSpec } from '../../model/node.ts';
import { emptyState, type BootLog, type State, type UnknownBoard } from '../../model/state.ts';
import type { RowTable } from './tables.ts';

export type Entry = readonly [key: string, item: unknown];

/** One field as the rows of one table, which belongs to it alone. */
export interface Part<Value> {
  readonly table: RowTable;
  readonly entries: (value: Value) => Iterable<Entry>;
  /** Checked by the schema of the whole value afterwards. */
  readonly assemble: (entries: readonly Entry[]) => unknown;
}

export type Parts<T> = { readonly [Field in keyof T]: Part<T[Field]> };

export const stateParts: Parts<State> = {
  nodes: list('nodes', (node: NodeSpec) => node.name),
  learnedMacs: record('learned_macs'),
  unknownBoards: list('unknown_boards', (board: UnknownBoard) => board.mac),
  exportIds: record('export_ids'),
  nextExportId: single('counters', 'next_export_id', emptyState.nextExportId),
  eeproms: record('eeproms'),
  imageChoices: record('image_choices'),
  imagePins: record('image_pins'),
  operations: record('operations'),
  operationNodes: record('operation_nodes'),
  quarantine: record('quarantine'),
  operationHolds: record('operation_holds'),
  powerJournal: record('power_journal'),
  mungeRotations: record('munge_rotations'),
  imageBuilds: record('image_builds'),
  rollouts: record('rollouts'),
  generationPins: record('generation_pins'),
  watchedSince: record('watched_since'),
};

export const bootParts: Parts<BootLog> = { boots: list('boots', (boot: Boot) => boot.id) };

export const tokenParts: Parts<TokenList> = { tokens: list('tokens', (token: ApiToken) => token.id) };

function list<Item>(table: RowTable, keyOf: (item: Item) => string): Part<Item[]> {
  return {
    table,
    *entries(items) {
      for (const item of items) yield [keyOf(item), item];
    },
    assemble: (entries) => entries.map(([, item]) => item),
  };
}

function record<Item>(table: RowTable): Part<Record<string, Item>> {
  return { table, entries: (items) => Object.entries(items), assemble: (entries) => Object.fromEntries(entries) };
}

function single<Item>(table: RowTable, key: string, empty: Item): Part<Item> {
  return {
    table,
    entries: (item) => [[key, item]],
    assemble: (entries) => entries.find(([found]) => found === key)?.[1] ?? empty,
  };
}
