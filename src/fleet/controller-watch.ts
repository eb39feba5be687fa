/** Looks for a controller that is heard no more, so that whoever is to be the next one is let in when it is proved down. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Ipv4Address } from '../model/ipv4.ts';
import {
  isAnybodyThere,
  lacksOfProof,
  type ControllerEvidence,
  type LostController,
} from '../plan/controller-proof.ts';

export interface ControllerWatchDeps {
  readonly lost: () => readonly LostController[];
  readonly power: (node: string) => Promise<ControllerEvidence['power']>;
  readonly neighbour: (address: Ipv4Address) => Promise<ControllerEvidence['neighbour']>;
  readonly port: (address: Ipv4Address) => Promise<ControllerEvidence['port']>;
  readonly daemon: (lost: LostController) => Promise<ControllerEvidence['daemon']>;
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
  const lookAt = async (lost: LostController) => {
    const { node } = lost;
    const [power, there, writtenAtMs] = await Promise.all([
      deps.power(node).catch(() => 'unknown' as const),
      askThere(deps, lost),
      deps.writtenAtMs(),
    ]);
    const atMs = deps.now();
    const before = seen.get(node);
    const wasQuiet = before !== undefined && !isAnybodyThere(before);
    seen.set(node, { atMs, power, ...there, quietSinceMs: wasQuiet ? before.quietSinceMs : atMs, writtenAtMs });
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

/** Where nobody has the address on the cable there is nobody to ask. */
async function askThere(
  deps: Pick<ControllerWatchDeps, 'neighbour' | 'port' | 'daemon'>,
  lost: LostController,
): Promise<Pick<ControllerEvidence, 'neighbour' | 'port' | 'daemon'>> {
  // Who cannot be asked may be there.
  const neighbour = await deps.neighbour(lost.address).catch(() => 'answers' as const);
  if (neighbour === 'silent') return { neighbour, port: 'silent', daemon: 'unknown' };
  const [port, daemon] = await Promise.all([
    deps.port(lost.address).catch(() => 'silent' as const),
    deps.daemon(lost).catch(() => 'unknown' as const),
  ]);
  return { neighbour, port, daemon };
}
