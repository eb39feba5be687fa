/**
 * Tells Slurm of nodes that leave by an order of ours, and gives them back when they are up. Behind those orders: a Slurm
 * that does not answer is asked again, and nobody waits for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Events } from '../host/database/events.ts';
import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import {
  absenceKinds,
  decideAbsence,
  whereaboutsOf,
  withEvents,
  type AbsenceFacts,
  type AbsenceMove,
  type Absences,
  type Whereabouts,
} from '../plan/slurm-absence.ts';
import type { ClusterSlurm } from './slurm.ts';

export interface AbsencesDeps {
  readonly events: Pick<Events, 'ofKinds' | 'subscribe'>;
  /** By name of the node; one that was removed is missing. */
  readonly factsOf: (nodes: ReadonlySet<string>) => ReadonlyMap<string, AbsenceFacts>;
  readonly slurm: Pick<ClusterSlurm, 'isThere' | 'nodes' | 'setDown' | 'takeBack'>;
  readonly now: () => number;
  readonly log: Log;
}

/** What is known of them as long as this service runs; all but `isSettled` is read off the events. */
interface Watched {
  absences: Absences;
  /** Whom Slurm was asked about last, and when it may be asked about the same again. */
  asked: string;
  pauseMs: number;
  againMs: number;
  failure: string | undefined;
}

const lookMs = 1000;

/** Orders of years: of each node the newest counts. */
const mostEvents = 10_000;

/** A part of the service: runs until the signal. */
export async function runAbsences(
  deps: AbsencesDeps,
  signal: AbortSignal,
  ready: () => void,
  lookEveryMs: number = lookMs,
): Promise<void> {
  const { events } = deps;
  const watched: Watched = { absences: new Map(), asked: '', pauseMs: 0, againMs: 0, failure: undefined };
  const stop = events.subscribe((event) => {
    watched.absences = withEvents(watched.absences, [event]);
  });
  try {
    const past = await events.ofKinds(absenceKinds, undefined, mostEvents);
    watched.absences = withEvents(watched.absences, past);
    ready();
    while (!signal.aborted) {
      await lookOnce(deps, watched, signal);
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    stop();
  }
}

interface Open {
  readonly node: string;
  readonly where: Exclude<Whereabouts, 'under-way'>;
  readonly isRemoved: boolean;
}

async function lookOnce(deps: AbsencesDeps, watched: Watched, signal: AbortSignal): Promise<void> {
  const open = openOnes(deps, watched.absences);
  if (open.length === 0 || !deps.slurm.isThere() || !isTurn(open, watched, deps.now())) return;
  try {
    await tell(deps, watched, open, signal);
    watched.failure = undefined;
  } catch (error) {
    if (signal.aborted) return;
    const reason = describeError(error);
    if (reason !== watched.failure) deps.log.warn('slurm.untold', { nodes: namesOf(open), reason });
    watched.failure = reason;
  }
}

function openOnes({ factsOf, now }: AbsencesDeps, absences: Absences): Open[] {
  if (absences.size === 0) return [];
  const facts = factsOf(new Set(absences.keys()));
  return [...absences].flatMap(([node, absence]) => {
    const known = facts.get(node);
    const where = whereaboutsOf(absence, known, now());
    return where === 'under-way' ? [] : [{ node, where, isRemoved: known === undefined }];
  });
}

const firstPauseMs = 2000;
const longestPauseMs = 60_000;

/** News are told at once; what shows no effect, or found nobody, is asked about at longer and longer intervals. */
function isTurn(open: readonly Open[], watched: Watched, nowMs: number): boolean {
  const asked = open.map(({ node, where }) => `${where} ${node}`).join();
  const isNew = asked !== watched.asked;
  if (!isNew && nowMs < watched.againMs) return false;
  const pauseMs = isNew ? firstPauseMs : Math.min(watched.pauseMs * 2, longestPauseMs);
  Object.assign(watched, { asked, pauseMs, againMs: nowMs + pauseMs });
  return true;
}

async function tell(
  { slurm, log }: AbsencesDeps,
  watched: Watched,
  open: readonly Open[],
  signal: AbortSignal,
): Promise<void> {
  const seen = watched.absences;
  const known = await slurm.nodes(signal);
  const moves = open.map((each) => ({
    ...each,
    move: decideAbsence(each.where, known.get(each.node), each.isRemoved),
  }));
  const those = (move: AbsenceMove) => moves.filter((each) => each.move === move);
  const [down, back] = [those('down'), those('resume')];
  if (down.length > 0) {
    await slurm.setDown(
      down.map(({ node }) => node),
      signal,
    );
    log.info('slurm.set-down', { nodes: namesOf(down) });
  }
  if (back.length > 0) {
    await slurm.takeBack(
      back.map(({ node }) => node),
      signal,
    );
    log.info('slurm.taken-back', { nodes: namesOf(back) });
  }
  watched.absences = moves.reduce((absences, each) => afterMove(absences, seen, each), watched.absences);
}

/** Where it has left again meanwhile, what was seen before says nothing. */
function afterMove(absences: Absences, seen: Absences, { node, move }: { node: string; move: AbsenceMove }): Absences {
  const absence = absences.get(node);
  if (absence === undefined || absence !== seen.get(node)) return absences;
  const after = new Map(absences);
  if (move === 'settled') after.set(node, { ...absence, isSettled: true });
  if (move === 'over') after.delete(node);
  return after;
}

const namesOf = (open: readonly Open[]): string => compressHostlist(open.map(({ node }) => node));
