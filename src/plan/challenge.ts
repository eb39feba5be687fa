/** Somebody claims to be a node's board that was just switched on: does that node run, so that it has to be asked first? */
import type { Boot } from '../model/boot.ts';
import { hasKernelReported } from './boot-timeline.ts';

/** How long a node has to answer. */
export const challengeMs = 3000;

/** A heartbeat is due every 10 s, and a busy board takes a while to make one: who says nothing for so long does not run. */
const dueMs = 15_000;

export interface ChallengeFacts {
  /** Oldest first. */
  readonly boots: readonly Boot[];
  readonly node: string;
  /** When what this boot started has spoken last; undefined: never, or it did not answer. */
  readonly heardMs: (boot: Boot) => number | undefined;
  readonly nowMs: number;
}

/**
 * The boot that the node runs, when that may still be up: an answer has to come under its key, which nobody else has.
 * undefined where nothing runs that could answer, and in a role whose nodes have no agent.
 */
export function whoMustAnswer({ boots, node, heardMs, nowMs }: ChallengeFacts): Boot | undefined {
  const running = boots.findLast((boot) => boot.node === node && hasKernelReported(boot));
  if (running?.key === undefined) return undefined;
  const heard = heardMs(running);
  return heard !== undefined && nowMs - heard < dueMs ? running : undefined;
}

/**
 * A boot that began because its node was not heard, while what ran before goes on to speak: somebody else began it.
 * undefined: there is none, or its token is of no use any more.
 */
export function claimBeside(boots: readonly Boot[], speaking: Boot): Boot | undefined {
  const newest = boots.findLast(({ node }) => node === speaking.node);
  if (newest === undefined || newest.id === speaking.id || newest.closed !== undefined) return undefined;
  return newest.token === undefined || hasKernelReported(newest) ? undefined : newest;
}

/** What becomes of whoever has claimed it. */
export function impostorReason(node: string): string {
  return `${node} runs, and has answered under the key of its boot: somebody else claims to be its board`;
}
