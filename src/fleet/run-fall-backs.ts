/**
 * Takes nodes back whose new generation failed of itself when nobody had asked for a change, and ends such holds. What
 * `plan/unasked-fall-back.ts` says is one transaction with its event; a service that was killed decides the same again.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import type { NewEvent } from '../model/event.ts';
import type { GenerationPin } from '../model/generation-pin.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { State } from '../model/state.ts';
import { compressHostlist } from '../plan/hostlist.ts';
import type { BootCrowd } from '../plan/own-failure.ts';
import { provedSince } from '../plan/quarantine.ts';
import {
  brakeProblem,
  byItself,
  decideFallBack,
  endedHolds,
  type FallBack,
  type FallBackFacts,
} from '../plan/unasked-fall-back.ts';
import { unaskedFailures } from '../plan/unasked-failure.ts';
import { withoutPin, withPin } from './generation-pins.ts';
import { rebootEvents, type RoleFleet } from './role-change.ts';
import { slurmFacts, type SlurmOf } from './slurm-facts.ts';
import type { ClusterSlurm } from './slurm.ts';

export interface FallBacksDeps {
  readonly state: Pick<StateFile, 'current' | 'update'>;
  readonly reboots: Pick<RoleFleet['reboots'], 'begin' | 'decide'>;
  /** Of all nodes, oldest first. */
  readonly boots: () => readonly Boot[];
  readonly bootsOf: (node: string) => readonly Boot[];
  /** undefined: it was removed. */
  readonly factsOf: (node: string) => NodeFallBackFacts | undefined;
  /** Generation that a node would boot if nobody held it; undefined: that is refused. */
  readonly plannedOf: (node: string) => string | undefined;
  readonly slurm: Pick<ClusterSlurm, 'isThere' | 'nodes'>;
  /** What is wrong, and what is worth knowing. */
  readonly tell: (problems: readonly string[], about: string | undefined) => void;
  readonly now: () => number;
  readonly log: Log;
}

export interface NodeFallBackFacts extends Pick<FallBackFacts, 'node' | 'state' | 'view' | 'generation'> {
  readonly isCompute: boolean;
}

const lookMs = 5000;

/** A part of the service: runs until the signal. */
export async function runFallBacks(
  deps: FallBacksDeps,
  signal: AbortSignal,
  lookEveryMs: number = lookMs,
): Promise<void> {
  const lookingSinceMs = deps.now();
  while (!signal.aborted) {
    await lookAtFailures(deps, lookingSinceMs, signal);
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Look {
  /** Since when boots are judged at all. */
  readonly sinceMs: number;
  /** Since when this service looks. */
  readonly lookingSinceMs: number;
  readonly nowMs: number;
}

/** One look at all nodes. @param lookingSinceMs since when this service does */
export async function lookAtFailures(deps: FallBacksDeps, lookingSinceMs: number, signal: AbortSignal): Promise<void> {
  const look = { sinceMs: await judgedSince(deps), lookingSinceMs, nowMs: deps.now() };
  await freeProved(deps);
  await endHolds(deps);
  const decided = decideAll(deps, look, () => ({ kind: 'none' }));
  const asksSlurm = decided.some(({ fallBack, isCompute }) => fallBack.kind === 'hold' && isCompute);
  if (!asksSlurm) return carryOut(deps, decided, look);
  const slurmOf = await slurmFacts(deps.slurm, true, signal);
  if (!signal.aborted) await carryOut(deps, decideAll(deps, look, slurmOf), look);
}

interface Decided {
  readonly failed: Boot;
  readonly fallBack: FallBack;
  readonly isCompute: boolean;
}

function decideAll(deps: FallBacksDeps, look: Look, slurmOf: SlurmOf): Decided[] {
  const { state, boots, bootsOf, factsOf, plannedOf } = deps;
  const allBoots = boots();
  const { quarantine } = state.current();
  return unaskedFailures(allBoots, state.current(), look).flatMap((failed) => {
    const { node } = failed;
    const known = factsOf(node);
    if (known === undefined) return [];
    const { isCompute } = known;
    const slurm = isCompute ? slurmOf(node) : ({ kind: 'none' } as const);
    const own = { boots: bootsOf(node), planned: plannedOf(node), slurm };
    return [
      { failed, fallBack: decideFallBack(failed, { ...known, ...own, ...look, allBoots, quarantine }), isCompute },
    ];
  });
}

/** In the turn in which it was decided. */
async function carryOut(deps: FallBacksDeps, decided: readonly Decided[], { nowMs }: Look): Promise<void> {
  const taken = decided.flatMap(({ failed, fallBack }) =>
    fallBack.kind === 'hold' ? [takenBack(deps, failed, fallBack)] : [],
  );
  if (taken.length > 0) await takeBack(deps, taken, nowMs);
  const braked = decided.flatMap(({ failed: { node }, fallBack }) =>
    fallBack.kind === 'braked' ? [{ node, crowd: fallBack.crowd }] : [],
  );
  deps.tell(problemsOf(braked), heldNow(deps.state.current()));
}

/** Written down at the first look of all: what had failed before is left to people, as it was until then. */
async function judgedSince({ state, now }: FallBacksDeps): Promise<number> {
  const known = state.current().watchedSince[byItself];
  if (known !== undefined) return known.sinceMs;
  const sinceMs = now();
  await state.update((before) => ({ ...before, watchedSince: { ...before.watchedSince, [byItself]: { sinceMs } } }));
  return sinceMs;
}

async function freeProved({ state, bootsOf }: FallBacksDeps): Promise<void> {
  const proved = new Set(provedSince(state.current(), bootsOf));
  if (proved.size === 0) return;
  await state.update((before) => {
    const kept = Object.entries(before.quarantine).filter(([id]) => !proved.has(id));
    return { ...before, quarantine: Object.fromEntries(kept) };
  });
}

async function endHolds({ state, plannedOf, log }: FallBacksDeps): Promise<void> {
  const ended = endedHolds(state.current(), plannedOf);
  if (ended.length === 0) return;
  const events = ended.map(({ node, planned }): NewEvent => {
    const reason = `it would boot generation ${planned.slice(0, 12)} by now`;
    return { kind: 'node.released', node, fields: { by: byItself, reason } };
  });
  await state.update(
    (before) => ({
      ...before,
      generationPins: ended.map(({ node }) => node).reduce(withoutPin, before.generationPins),
    }),
    events,
  );
  for (const { kind, node, fields } of events) log.info(kind, { node, ...fields });
}

interface Taken {
  readonly node: string;
  readonly pin: GenerationPin;
  readonly generation: string;
  readonly cause: string;
  /** Where it listens; undefined: its next boot is what it is held at, whenever that is. */
  readonly address: Ipv4Address | undefined;
}

function takenBack(
  { reboots }: FallBacksDeps,
  { node, generation }: Boot,
  { pin, reboots: isToReboot }: { readonly pin: GenerationPin; readonly reboots: boolean },
): Taken {
  const decision = reboots.decide(node);
  const address = isToReboot && decision.kind === 'ssh' ? decision.address : undefined;
  return { node, pin, generation, cause: pin.fellFrom?.cause ?? '', address };
}

/** Nobody is told to reboot before it is on the disk. */
async function takeBack({ state, reboots, log }: FallBacksDeps, taken: readonly Taken[], atMs: number): Promise<void> {
  const events = taken.flatMap(eventsOf);
  await state.update((before) => taken.reduce((after, each) => withTaken(after, each, atMs), before), events);
  for (const { kind, node, fields } of events) log.warn(kind, { node, ...fields });
  for (const { node, address } of taken) if (address !== undefined) reboots.begin(node, address);
}

function withTaken(state: State, { node, pin, generation, cause }: Taken, atMs: number): State {
  const entry = { node, role: pin.role, atMs, cause };
  return { ...withPin(state, node, pin), quarantine: { ...state.quarantine, [generation]: entry } };
}

function eventsOf({ node, pin: { generation, image, by }, cause, address }: Taken): NewEvent[] {
  const held = { kind: 'node.held', node, fields: { generation, image, reason: cause, by } };
  return [held, ...(address === undefined ? [] : rebootEvents(node, { kind: 'ssh', address }, by))];
}

/** Those that failed together are told together. */
function problemsOf(braked: readonly { readonly node: string; readonly crowd: BootCrowd }[]): string[] {
  const widest = braked.map(({ crowd }) => crowd).toSorted((one, other) => other.failed.length - one.failed.length)[0];
  const names = braked.map(({ node }) => node);
  return widest === undefined ? [] : [brakeProblem(names, widest)];
}

function heldNow({ generationPins }: State): string | undefined {
  const held = Object.entries(generationPins).flatMap(([node, { fellFrom }]) => (fellFrom === undefined ? [] : [node]));
  return held.length === 0 ? undefined : `holds ${compressHostlist(held)} at what came up before`;
}
