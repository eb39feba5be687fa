/** state.json and boots.json, where state lay before there was state.db: taken over once, and put aside. */
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../../model/errors.ts';
import { BootLog, emptyState, State } from '../../model/state.ts';
import { readJsonFile, type Schema } from '../json-file.ts';
import type { Database } from './open.ts';

const stateFile = (stateDir: string) => path.join(stateDir, 'state.json');
const bootsFile = (stateDir: string) => path.join(stateDir, 'boots.json');

/** @throws ConfigError when there is state in both places: only its owner knows which counts */
export async function importJson(stateDir: string, database: Omit<Database, 'close'>): Promise<void> {
  const found = [stateFile(stateDir), bootsFile(stateDir)].filter((file) => existsSync(file));
  if (found.length === 0) return;
  if (!isEmpty(database)) {
    throw new ConfigError(`${found.join(' and ')} would be ignored: state lies in ${path.join(stateDir, 'state.db')}`, {
      hint: `Move it away when it is old: "mv ${found.join(' ')} /root/".`,
    });
  }
  const state = await readJsonState(stateDir);
  const boots = await readJsonFile({
    file: bootsFile(stateDir),
    schema: withoutFormat<BootLog>(BootLog),
    empty: { boots: [] },
  });
  await Promise.all([database.state.update(() => state), database.boots.update(() => boots)]);
  for (const file of found) renameSync(file, `${file}.imported`);
}

export function readJsonState(stateDir: string): Promise<State> {
  return readJsonFile({ file: stateFile(stateDir), schema: withoutFormat<State>(State), empty: emptyState });
}

function isEmpty({ state, boots, events }: Omit<Database, 'close'>): boolean {
  const { nodes, unknownBoards, nextExportId } = state.current();
  const things = nodes.length + unknownBoards.length + boots.current().boots.length + events.lastId();
  return things === 0 && nextExportId === emptyState.nextExportId;
}

/** The number of a format stood in these files only. */
function withoutFormat<T>(schema: Schema<T>): Schema<T> {
  return {
    safeParse: (input) => {
      const { format: _one, ...rest } = { ...(input as Record<string, unknown>) };
      return schema.safeParse(rest);
    },
  };
}
