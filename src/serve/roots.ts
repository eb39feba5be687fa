/** Makes what nodes need to boot in the modes of their roles, before they ask: squashfs files of versions, trees of nodes. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import { planRootUses } from '../plan/exports.ts';
import { missingId, missingOf, missingRoots, outdatedTrees, type MissingRoot } from '../plan/made-roots.ts';
import { rootPseudo } from '../plan/root-mode.ts';
import type { Boots } from './boots.ts';
import type { Health } from './health.ts';
import type { RootMaker } from './root-acts.ts';
import type { Site } from './site.ts';

export interface RootsDeps {
  readonly acts: RootMaker;
  readonly site: Pick<Site, 'view' | 'reload'>;
  readonly state: Pick<StateFile, 'amend'>;
  readonly health: Pick<Health, 'report' | 'describe' | 'parts'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Roots {
  /** undefined: nothing is to be made. Else it resolves when that was tried; a board that asks waits for it. */
  readonly settle: (node: NodeSpec) => Promise<void> | undefined;
  /** Until the signal aborts; never throws for what an owner can repair. */
  readonly keep: (boots: Pick<Boots, 'all' | 'generations'>, signal: AbortSignal) => Promise<void>;
}

/** As the part of the service that a user sees it. */
const partName = 'roots';

const pollMs = 2000;

export function createRoots(deps: RootsDeps): Roots {
  const { site } = deps;
  const make = maker(deps);
  const settle = (node: NodeSpec) => {
    const missing = missingOf(node, site.view());
    // What it fails of is told to the board as the reason why it cannot boot.
    return missing && make(missing).then(() => undefined);
  };
  const keep: Roots['keep'] = async (boots, signal) => {
    await deps.acts.sweepRoots();
    let done: unknown;
    while (!signal.aborted) {
      const view = site.view();
      if (done !== view) {
        done = (await makeAll(deps, make, signal)) ? site.view() : undefined;
        await deps.acts.dropPatterns();
      }
      await dropOutdated(deps, boots);
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return { settle, keep };
}

/** Why it could not be made; undefined: it is there. */
type Make = (missing: MissingRoot) => Promise<string | undefined>;

/** One at a time; whoever asks for the same waits for the same. */
function maker(deps: RootsDeps): Make {
  const making = new Map<string, Promise<string | undefined>>();
  let last: Promise<unknown> = Promise.resolve();
  return (missing) => {
    const id = missingId(missing);
    const known = making.get(id);
    if (known !== undefined) return known;
    const made = last.then(() => makeOne(missing, id, deps)).finally(() => making.delete(id));
    last = made.catch(() => undefined);
    making.set(id, made);
    return made;
  };
}

async function makeOne(missing: MissingRoot, id: string, deps: RootsDeps): Promise<string | undefined> {
  const { site, state, health, log, signal } = deps;
  const fields = { kind: missing.kind, of: id };
  const tell = (kind: string) => state.amend((same) => same, [{ kind, fields }]);
  health.describe(partName, `making the ${missing.kind} of ${id}`);
  tell('root.making');
  log.info('root.making', fields);
  const sinceMs = performance.now();
  try {
    await effect(missing, deps);
    tell('root.made');
    log.info('root.made', { ...fields, seconds: Math.round((performance.now() - sinceMs) / 100) / 10 });
    await site.reload();
    return undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof PiImageError)) throw error;
    const reason = describeError(error);
    log.warn('root.failed', { ...fields, reason });
    return [reason, error.hint].filter(Boolean).join('. ');
  } finally {
    health.describe(partName, undefined);
  }
}

function effect(missing: MissingRoot, { acts, signal }: RootsDeps): Promise<void> {
  const { manifest } = missing;
  return missing.kind === 'tree' ? acts.makeTree(missing.node, manifest, signal) : acts.makeSquash(manifest, signal);
}

/** @returns false when something has to be tried again */
async function makeAll({ site, health }: RootsDeps, make: Make, signal: AbortSignal): Promise<boolean> {
  const missing = missingRoots(site.view());
  const problems: string[] = [];
  for (const each of missing) {
    if (signal.aborted) return false;
    const problem = await make(each);
    if (problem !== undefined) problems.push(problem);
  }
  const isNews = missing.length > 0 || health.parts().some(({ name }) => name === partName);
  if (isNews) health.report(partName, problems);
  return problems.length === 0;
}

async function dropOutdated(deps: RootsDeps, boots: Pick<Boots, 'all' | 'generations'>): Promise<void> {
  const { site, acts, log } = deps;
  const view = site.view();
  if (!Object.values(view.cluster.roles).some(({ persistent }) => persistent?.upgrade === 'reset')) return;
  const uses = planRootUses(view, boots.all(), boots.generations());
  const mounted = new Set(uses.flatMap(({ root }) => (root && rootPseudo(root)) ?? []));
  const outdated = outdatedTrees(view, mounted);
  for (const { node, tree } of outdated) {
    await acts.removeTree(node, tree);
    log.info('root.removed', { node, image: `${tree.name}@${tree.version}` });
  }
  if (outdated.length > 0) await site.reload();
}
