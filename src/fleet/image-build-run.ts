/** Carries builds out: starts the program, writes down what it says, and ends it when it is stopped or the service is. */
import { setTimeout as sleep } from 'node:timers/promises';

import { endGroup, leaderOf, type ProcessGroup } from '../host/process-group.ts';
import type { StateFile } from '../host/state-file.ts';
import { describeError } from '../model/describe-error.ts';
import type { NewEvent } from '../model/event.ts';
import type { ImageBuild } from '../model/image-build.ts';
import type { Log } from '../model/log.ts';
import {
  endBuild,
  endOf,
  hearBuild,
  interruptBuild,
  openBuild,
  parseBuildLine,
  withBuild,
  type SaidLine,
} from '../plan/image-build-journal.ts';

export interface BuildDeps {
  readonly state: Pick<StateFile, 'current' | 'update' | 'amend'>;
  readonly start: (build: ImageBuild, onLine: (line: string) => void) => Promise<ProcessGroup>;
  readonly now: () => number;
  readonly log: Log;
}

const lookMs = 500;
/** Programs that unpack packages take their time to end. */
const graceMs = 10_000;
/** systemd kills the service after five seconds. */
const hurriedMs = 2000;

/** A part of the service: runs until the signal. */
export async function runBuilds(deps: BuildDeps, signal: AbortSignal, lookEveryMs = lookMs): Promise<void> {
  const left = openBuild(deps.state.current());
  if (left?.begunAtMs !== undefined) await endLeft(deps, left);
  while (!signal.aborted) {
    const build = openBuild(deps.state.current());
    if (build !== undefined) await carryOut(deps, build, { signal, lookEveryMs });
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The service that had begun it was killed; its programs may still be about to end. */
async function endLeft(deps: BuildDeps, build: ImageBuild): Promise<void> {
  if (build.leader !== undefined) await endGroup(build.leader, graceMs);
  await writeInterruption(deps, build.id);
}

interface Looking {
  readonly signal: AbortSignal;
  readonly lookEveryMs: number;
}

async function carryOut(deps: BuildDeps, build: ImageBuild, looking: Looking): Promise<void> {
  const { id, state } = build;
  if (state === 'stopping') return writeEnd(deps, id, { state: 'cancelled' });
  // Whoever finds this after we were killed does not start it a second time.
  await deps.state.update((before) => edited(before, id, (now) => ({ ...now, begunAtMs: deps.now() })));
  try {
    const group = await deps.start(build, (line) => hear(deps, id, parseBuildLine(line)));
    const code = await followed(deps, { id, group }, looking);
    if (looking.signal.aborted && code !== 0) return await writeInterruption(deps, id);
    await writeEnd(deps, id, endOf(deps.state.current().imageBuilds[id] ?? build, code));
  } catch (error) {
    await writeEnd(deps, id, { state: 'failed', reason: describeError(error) });
  }
}

/** @returns the exit code */
async function followed(
  deps: BuildDeps,
  { id, group }: { readonly id: string; readonly group: ProcessGroup },
  { signal, lookEveryMs }: Looking,
): Promise<number | null> {
  const leader = await leaderOf(group.pid);
  // It has ended already.
  if (leader === undefined) return group.ended;
  await deps.state.update((before) => edited(before, id, (now) => ({ ...now, leader })));
  const over = new AbortController();
  const ended = group.ended.finally(() => over.abort());
  const look = AbortSignal.any([signal, over.signal]);
  let isStopped = false;
  while (!over.signal.aborted && !isStopped) {
    isStopped = signal.aborted || deps.state.current().imageBuilds[id]?.state === 'stopping';
    if (isStopped) await endGroup(leader, signal.aborted ? hurriedMs : graceMs);
    else await sleep(lookEveryMs, undefined, { signal: look }).catch(() => undefined);
  }
  return ended;
}

/** A step is an event and on the disk at once; the rest comes with the next write. */
function hear({ state, now, log }: BuildDeps, id: string, said: SaidLine): void {
  const change = (before: ReturnType<typeof state.current>) =>
    edited(before, id, (build) => hearBuild(build, said, now()));
  if (said.kind === 'text' || !('step' in said.message)) return state.amend(change);
  const { index, total, title } = said.message.step;
  const fields = { operation: id, step: title, of: `${index}/${total}` };
  log.info('operation.step', fields);
  void state.update(change, [{ kind: 'operation.step', fields }]).catch((error: unknown) => {
    log.warn('operation.step-lost', { operation: id, reason: describeError(error) });
  });
}

function edited<T extends { readonly imageBuilds: Record<string, ImageBuild> }>(
  state: T,
  id: string,
  change: (build: ImageBuild) => ImageBuild,
): T {
  const build = state.imageBuilds[id];
  if (build === undefined || build.endedAtMs !== undefined) return state;
  const after = change(build);
  return after === build ? state : withBuild(state, after);
}

async function writeEnd(deps: BuildDeps, id: string, end: Parameters<typeof endBuild>[1]): Promise<void> {
  await write(deps, id, (build) => endBuild(build, end, deps.now()));
}

async function writeInterruption(deps: BuildDeps, id: string): Promise<void> {
  await write(deps, id, (build) => interruptBuild(build, deps.now()));
}

async function write({ state, log }: BuildDeps, id: string, change: (build: ImageBuild) => ImageBuild): Promise<void> {
  const build = state.current().imageBuilds[id];
  if (build === undefined) return;
  const { endedAtMs, ...after } = change(build);
  const fields = { operation: id, state: after.state, reason: after.reason };
  const event: NewEvent =
    endedAtMs === undefined
      ? { kind: 'operation.interrupted', fields: { operation: id } }
      : { kind: 'operation.ended', fields };
  await state.update((before) => edited(before, id, change), [event]);
  log.info(event.kind, event.fields ?? {});
}
