/** Reboots of running nodes by ssh: they go on behind the answer to whoever asked, and what became of them is an event. */
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';

export interface RebootsDeps {
  /** @throws HostError when the node does not take the order in time */
  readonly ssh: (address: Ipv4Address, signal: AbortSignal) => Promise<void>;
  /** For a node that ssh does not reach. */
  readonly cycle: (node: string) => Promise<PowerFallback>;
  readonly append: (events: readonly NewEvent[]) => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
  /** Ends the service. */
  readonly signal: AbortSignal;
}

export type PowerFallback =
  | { readonly kind: 'cycled' }
  /** Its power is not switched by anybody, or not for this. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string };

interface RebootFailure {
  readonly atMs: number;
  readonly reason: string;
  readonly hint: string | undefined;
}

export interface Reboots {
  /** Returns at once. A node that is being told already is told once. */
  readonly begin: (node: string, address: Ipv4Address) => void;
  /** Why the node could not be told, until it is told again. */
  readonly failure: (node: string) => RebootFailure | undefined;
  /** All that were begun have ended. */
  readonly settled: () => Promise<void>;
}

export function createReboots(deps: RebootsDeps): Reboots {
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, RebootFailure>();
  const run = async (node: string, address: Ipv4Address) => {
    const failure = await tell(deps, node, address);
    if (failure !== undefined) failures.set(node, failure);
    running.delete(node);
  };
  return {
    begin: (node, address) => {
      if (running.has(node)) return;
      failures.delete(node);
      running.set(node, run(node, address));
    },
    failure: (node) => failures.get(node),
    settled: async () => void (await Promise.all(running.values())),
  };
}

/** Never rejects: nobody waits for it. When the service ends meanwhile it says nothing, and its next start takes it up. */
async function tell(deps: RebootsDeps, node: string, address: Ipv4Address): Promise<RebootFailure | undefined> {
  const { ssh, log, now, signal } = deps;
  try {
    await ssh(address, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    const fallback = await deps.cycle(node);
    if (fallback.kind === 'cycled') return undefined;
    const isKnown = error instanceof PiImageError;
    const said = isKnown ? error.message : describeError(error);
    const failure = {
      atMs: now(),
      reason: fallback.kind === 'refused' ? `${said}; ${fallback.reason}` : said,
      hint: isKnown ? error.hint : undefined,
    };
    const { reason, hint } = failure;
    log.warn('node.reboot-failed', { node, address, reason, hint });
    await record(deps, { kind: 'node.reboot-failed', node, fields: { address, reason, hint } });
    return failure;
  }
  log.info('node.rebooting', { node, address });
  await record(deps, { kind: 'node.rebooting', node, fields: { address } });
  return undefined;
}

/** The node has been told or not, whether the disk is full or not. */
async function record({ append, log }: RebootsDeps, event: NewEvent): Promise<void> {
  try {
    await append([event]);
  } catch (error) {
    log.warn('event.lost', { kind: event.kind, node: event.node, reason: describeError(error) });
  }
}
