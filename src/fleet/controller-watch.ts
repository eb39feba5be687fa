/** Looks for a controller that is heard no more, so that whoever is to be the next one is let in when it is proved down. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Ipv4Address } from '../model/ipv4.ts';
import { lacksOfProof, type ControllerEvidence, type LostController } from '../plan/controller-proof.ts';

export interface ControllerWatchDeps {
  readonly lost: () => readonly LostController[];
  readonly power: (node: string) => Promise<ControllerEvidence['power']>;
  readonly answers: (address: Ipv4Address) => Promise<boolean>;
  /** Newest change in its share of the state; undefined: it has none. */
  readonly writtenAtMs: () => Promise<number | undefined>;
  readonly now: () => number;
}

export interface ControllerWatch {
  /** Node -> what of the proof that it is down lacks. */
  readonly doubts: () => ReadonlyMap<string, string>;
  /** Looks at all of them once. */
  readonly look: () => Promise<void>;
  /** Until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

const lookMs = 5000;

export function createControllerWatch(deps: ControllerWatchDeps): ControllerWatch {
  const seen = new Map<string, ControllerEvidence>();
  const lookAt = async ({ node, address }: LostController) => {
    const [power, answers, writtenAtMs] = await Promise.all([
      deps.power(node).catch(() => 'unknown' as const),
      // Who cannot be asked may be there.
      deps.answers(address).catch(() => true),
      deps.writtenAtMs(),
    ]);
    const atMs = deps.now();
    const before = seen.get(node);
    const wasQuiet = before !== undefined && !before.answers;
    seen.set(node, { atMs, power, answers, quietSinceMs: wasQuiet ? before.quietSinceMs : atMs, writtenAtMs });
  };
  const look = async () => {
    const lost = deps.lost();
    for (const node of seen.keys()) if (!lost.some((each) => each.node === node)) seen.delete(node);
    await Promise.all(lost.map(lookAt));
  };
  const doubts = () => {
    const lacking = deps
      .lost()
      .map((each): [string, string[]] => [each.node, lacksOfProof(each, seen.get(each.node), deps.now())]);
    return new Map(lacking.flatMap(([node, lacks]) => (lacks.length === 0 ? [] : [[node, lacks.join('; ')] as const])));
  };
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      await look();
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return { doubts, look, run };
}
