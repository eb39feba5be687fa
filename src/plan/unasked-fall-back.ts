/**
 * What becomes of a node whose new generation failed of itself when nobody had asked for a change? It goes back to what came
 * up before, once, unless too many fail at the same time. Made of the boots and the state alone, so a restart changes nothing.
 */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import { holdBoot, type GenerationPin } from '../model/generation-pin.ts';
import type { NodeSpec } from '../model/node.ts';
import type { NodeStatus } from '../model/node-status.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { hasComeUp } from './boot-timeline.ts';
import { lastGoodOf } from './fall-back.ts';
import { holdImageOf } from './hold.ts';
import { compressHostlist } from './hostlist.ts';
import type { SlurmFacts } from './operation-move.ts';
import { areTooMany, crowdAround, failedOfItselfAtMs, type BootCrowd } from './own-failure.ts';
import { hasJobs } from './slurm-state.ts';
import { isWorkedOn } from './unasked-failure.ts';

/** As whom the service holds a node, and has it reboot. */
export const byItself = 'fall-back';

export interface FallBackFacts {
  readonly node: NodeSpec;
  readonly state: NodeStatus['state'];
  /** Its own, oldest first. */
  readonly boots: readonly Boot[];
  /** Of all nodes. */
  readonly allBoots: readonly Boot[];
  /** Generation that it would boot if nobody held it; undefined: that is refused. */
  readonly planned: string | undefined;
  readonly view: ClusterView;
  /** undefined: it is not kept. */
  readonly generation: (id: string) => Generation | undefined;
  readonly quarantine: State['quarantine'];
  /** `none` where it runs no slurmd. */
  readonly slurm: SlurmFacts;
  readonly nowMs: number;
  /** Since when this service looks: a node may have become ready while there was none. */
  readonly lookingSinceMs: number;
}

export type FallBack =
  /** Left as it is. */
  | { readonly kind: 'none' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'braked'; readonly crowd: BootCrowd }
  | { readonly kind: 'hold'; readonly pin: GenerationPin; readonly reboots: boolean };

/** A unit that failed may be started once more: a node looks again every 30 s, and these are two looks. */
const settleMs = 60_000;

const none: FallBack = { kind: 'none' };

/** @param failed its newest boot, of `unaskedFailures` */
export function decideFallBack(failed: Boot, facts: FallBackFacts): FallBack {
  const { state, boots, planned, slurm, nowMs, lookingSinceMs } = facts;
  const { generation } = failed;
  const atMs = failedOfItselfAtMs(failed);
  if (atMs === undefined || planned !== generation || wasProved(generation, boots)) return none;
  // Whatever else it says by now is newer than its failure.
  if (state !== 'failed' && state !== 'silent') return none;
  if (nowMs - Math.max(atMs, lookingSinceMs) < settleMs) return { kind: 'wait' };
  const crowd = crowdAround(facts.allBoots, atMs);
  if (areTooMany(crowd)) return { kind: 'braked', crowd };
  const pin = pinOf(failed, facts);
  if (pin === undefined) return none;
  if (slurm.kind === 'unknown') return { kind: 'wait' };
  const isBusy = slurm.kind === 'known' && slurm.node !== undefined && hasJobs(slurm.node);
  return { kind: 'hold', pin, reboots: !isBusy };
}

/** What has come up here before is not why it fails now. */
const wasProved = (id: string, boots: readonly Boot[]): boolean =>
  boots.some((boot) => boot.generation === id && hasComeUp(boot));

function pinOf({ generation, closed }: Boot, facts: FallBackFacts): GenerationPin | undefined {
  const { node, boots, view, quarantine } = facts;
  const sound = boots.filter((boot) => quarantine[boot.generation] === undefined);
  const lastGood = lastGoodOf(node, undefined, { view, boots: sound, generation: facts.generation });
  const fellFrom = { generation, cause: closed?.cause ?? 'its units failed' };
  const about = { role: node.role, by: byItself, fellFrom };
  if (lastGood !== undefined) return { ...lastGood, ...about };
  const image = holdImageOf(node, view);
  return image === undefined ? undefined : { generation: holdBoot, image, ...about };
}

/** What people are told while it lasts. @param nodes that are not taken back */
export function brakeProblem(nodes: readonly string[], { booted, failed }: BootCrowd): string {
  const names = compressHostlist(nodes);
  return (
    `${names}: units failed on ${failed.length} of ${booted.length} nodes that booted about the same time, too many to be ` +
    `taken back by itself; correct what they boot, or go back by hand: "pi-image rollback ${names} --last-good"`
  );
}

/** Holds of ours that have nothing to hold any more: the node would boot something that has not failed. */
export function endedHolds(
  state: Pick<
    State,
    'nodes' | 'generationPins' | 'quarantine' | 'operations' | 'operationNodes' | 'mungeRotations' | 'rollouts'
  >,
  plannedOf: (node: string) => string | undefined,
): { readonly node: string; readonly planned: string }[] {
  return Object.entries(state.generationPins).flatMap(([node, { role, fellFrom }]) => {
    if (fellFrom === undefined || isWorkedOn(node, role, state)) return [];
    const planned = plannedOf(node);
    const isOther = planned !== undefined && planned !== fellFrom.generation;
    return isOther && state.quarantine[planned] === undefined ? [{ node, planned }] : [];
  });
}
