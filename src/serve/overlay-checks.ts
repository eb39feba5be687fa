/** Nodes that are asked to compare the files of their overlay with what they were given: with the answer to a heartbeat. */
import type { Drift } from '../model/node-status.ts';

export interface OverlayChecks {
  /** Resolves when the node has looked, with true, or after `waitMs`. */
  readonly ask: (node: string, waitMs: number) => Promise<boolean>;
  /** Aborts when somebody asks this node: an answer that is held is given then. */
  readonly asked: (node: string) => AbortSignal;
  /** Whether the answer that leaves now is to ask. */
  readonly takeAsked: (node: string) => boolean;
  readonly heard: (node: string, drift: Drift | undefined, uptimeSeconds: number) => void;
}

interface Check {
  readonly tell: (hasLooked: boolean) => void;
  isSent: boolean;
}

export function createOverlayChecks(): OverlayChecks {
  const checks = new Map<string, Set<Check>>();
  const bells = new Map<string, AbortController>();
  const of = (node: string) => checks.get(node) ?? new Set<Check>();
  const ask = (node: string, waitMs: number) =>
    new Promise<boolean>((resolve) => {
      const tell = (hasLooked: boolean) => {
        clearTimeout(timer);
        of(node).delete(check);
        resolve(hasLooked);
      };
      const check: Check = { tell, isSent: false };
      const timer = setTimeout(() => tell(false), waitMs);
      checks.set(node, of(node).add(check));
      bells.get(node)?.abort();
      bells.delete(node);
    });
  const asked = (node: string) => {
    if ([...of(node)].some(({ isSent }) => !isSent)) return AbortSignal.abort();
    // One for each heartbeat: what waits on a signal that lives on is never let go.
    const bell = new AbortController();
    bells.set(node, bell);
    return bell.signal;
  };
  const takeAsked = (node: string) => {
    const waiting = [...of(node)].filter(({ isSent }) => !isSent);
    for (const check of waiting) check.isSent = true;
    return waiting.length > 0;
  };
  // Right after it was asked a node looks, and says so at once.
  const heard: OverlayChecks['heard'] = (node, drift, uptimeSeconds) => {
    if (drift === undefined || uptimeSeconds - drift.checkedAtSeconds > freshSeconds) return;
    for (const check of of(node)) if (check.isSent) check.tell(true);
  };
  return { ask, asked, takeAsked, heard };
}

/** A look at all files of a large overlay takes a slow board about a second. */
const freshSeconds = 3;
