/** Keeps the NFS server's exports equal to what nodes need, and the server alive. A change of nodes is told at once. */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Exporter } from '../host/nfs/exporter.ts';
import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { HostError } from '../model/errors.ts';
import type { NfsExport } from '../model/export.ts';
import type { Log } from '../model/log.ts';
import type { ClusterView } from '../model/view.ts';
import { planExports, planRootUses } from '../plan/exports.ts';
import type { RootDirs } from '../plan/root-mode.ts';
import { planShareOwners } from '../plan/share-owners.ts';
import type { Boots } from './boots.ts';
import type { Health } from './health.ts';
import type { RootActs } from './root-acts.ts';
import type { Site } from './site.ts';

export interface ExportsDeps extends RootDirs {
  readonly site: Pick<Site, 'view' | 'onChange'>;
  readonly boots: Pick<Boots, 'all' | 'generations'>;
  readonly state: StateFile;
  readonly exporter: Exporter;
  readonly acts: Pick<RootActs, 'keepShare'>;
  readonly health: Health;
  readonly log: Log;
}

/** Boots, and folders that come and go, are looked at so often. */
const pollMs = 1000;
/** The server reads all of its exports again for each change: of those that follow each other it hears so often. */
const restMs = 250;

/** Resolves when `signal` aborts; the NFS server goes on. @throws when it cannot be started or has died */
export async function runExports(deps: ExportsDeps, signal: AbortSignal, ready: () => void): Promise<void> {
  let applied: string | undefined;
  while (!signal.aborted) {
    const view = deps.site.view();
    const exports = await planNow(deps, view);
    const wanted = JSON.stringify(exports);
    if (wanted !== applied) {
      await deps.exporter.apply(exports, signal);
      applied = wanted;
      deps.log.info('nfs.exported', { server: deps.exporter.name, trees: exports.map(({ pseudo }) => pseudo) });
      ready();
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
    const status = await deps.exporter.status();
    if (status.kind === 'stopped') throw new HostError(`the NFS server has ended: ${status.reason}`);
    await untilOthers(deps, view, signal);
  }
}

/** Until the nodes, or what is exported to them, may be others than in this view; a second at most. */
async function untilOthers({ site }: ExportsDeps, seen: ClusterView, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const look = () => {
    if (signal.aborted || site.view() !== seen) over.abort();
  };
  const leave = site.onChange(look);
  signal.addEventListener('abort', look, { once: true });
  // What came while the server was told.
  look();
  await sleep(pollMs, undefined, { signal: over.signal }).catch(() => undefined);
  leave();
  signal.removeEventListener('abort', look);
}

/** Ids are on the disk before a server hears of them. A tree that is not there is left out: it must not take the others down. */
async function planNow(deps: ExportsDeps, view: ClusterView): Promise<readonly NfsExport[]> {
  const { boots, state, health, acts } = deps;
  const uses = planRootUses(view, boots.all(), boots.generations());
  const { exports, exportIds, nextExportId } = planExports({ ...deps, cluster: view.cluster }, uses, state.current());
  if (nextExportId !== state.current().nextExportId) {
    await state.update((current) => ({ ...current, exportIds, nextExportId }));
  }
  const problems: string[] = [];
  for (const share of planShareOwners(view)) {
    await acts.keepShare(share).catch((error: unknown) => problems.push(describeError(error)));
  }
  const there = await Promise.all(exports.map(({ path }) => isFolder(path)));
  const missing = exports.filter((_, index) => there[index] !== true);
  health.report('exports', [
    ...problems,
    ...missing.map(({ path }) => `there is no folder ${path}; it is not exported`),
  ]);
  return exports.filter((_, index) => there[index]);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
