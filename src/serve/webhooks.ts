/** Tells webhooks of events: in order, each hook by itself, from a queue that cannot grow, and never in anybody's way. */
import { setTimeout as wait } from 'node:timers/promises';

import { describeError } from '../model/describe-error.ts';
import type { Event } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { Webhook } from '../model/webhook.ts';
import { decideNextTry, planDelivery, wantsEvent, type Delivery, type DeliveryOutcome } from '../plan/webhooks.ts';

export interface WebhookDeps {
  /** As they stand in cluster.yaml now. */
  readonly hooks: () => readonly Webhook[];
  readonly cluster: () => string;
  /** @throws when it cannot be read */
  readonly secretOf: (name: string) => Promise<Uint8Array>;
  readonly events: { readonly subscribe: (listener: (event: Event) => void) => () => void };
  /** @returns the status. @throws when there is no answer */
  readonly post: (delivery: Delivery & { readonly url: string; readonly signal: AbortSignal }) => Promise<number>;
  readonly counts: WebhookCounts;
  readonly now: () => number;
  readonly log: Log;
  /** Tests do not wait. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface WebhookCounts {
  delivered: number;
  /** Tries that were not the last. */
  retried: number;
  /** Events that a hook has not got and will not get. */
  dropped: number;
}

export const newWebhookCounts = (): WebhookCounts => ({ delivered: 0, retried: 0, dropped: 0 });

/** Of one hook; the oldest go first. */
const mostWaiting = 1000;

/** Resolves when the signal aborts; what waits then is not delivered. */
export async function runWebhooks(deps: WebhookDeps, signal: AbortSignal, ready: () => void): Promise<void> {
  const queues = new Map<string, Event[]>();
  const unsubscribe = deps.events.subscribe((event) => {
    for (const hook of deps.hooks()) if (wantsEvent(hook, event.kind)) enqueue(hook, event);
  });
  ready();
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  unsubscribe();

  function enqueue(hook: Webhook, event: Event): void {
    const key = JSON.stringify(hook);
    const known = queues.get(key);
    const queue = known ?? [];
    queue.push(event);
    if (queue.length > mostWaiting) {
      queue.shift();
      deps.counts.dropped += 1;
    }
    if (known !== undefined) return;
    queues.set(key, queue);
    void drain(hook, queue, deps, signal, () => queues.delete(key));
  }
}

/** Until nothing waits, or the hook stands in cluster.yaml no more. Never throws. @param over in the turn in which the last one went */
async function drain(
  hook: Webhook,
  queue: Event[],
  deps: WebhookDeps,
  signal: AbortSignal,
  over: () => void,
): Promise<void> {
  const key = JSON.stringify(hook);
  const isWanted = () => !signal.aborted && deps.hooks().some((each) => JSON.stringify(each) === key);
  for (let event = queue.shift(); event !== undefined && isWanted(); event = queue.shift()) {
    await deliver(hook, event, { ...deps, isWanted }, signal);
  }
  over();
}

async function deliver(
  hook: Webhook,
  event: Event,
  deps: WebhookDeps & { readonly isWanted: () => boolean },
  signal: AbortSignal,
): Promise<void> {
  const { counts, log, isWanted, sleep = (ms: number) => wait(ms, undefined, { signal }) } = deps;
  // Paths of such addresses are often secrets.
  const about = { host: new URL(hook.url).host, event: event.id, kind: event.kind };
  for (let tries = 1; isWanted(); tries += 1) {
    const next = decideNextTry(await attempt(hook, event, deps, signal), tries);
    if (next.kind === 'delivered') {
      counts.delivered += 1;
      return;
    }
    if (next.kind === 'given-up') {
      counts.dropped += 1;
      log.warn('webhook.given-up', { ...about, tries, reason: next.reason });
      return;
    }
    counts.retried += 1;
    if (tries === 1) log.info('webhook.delayed', { ...about, reason: next.reason });
    await sleep(next.afterMs, signal).catch(() => undefined);
  }
}

async function attempt(hook: Webhook, event: Event, deps: WebhookDeps, signal: AbortSignal): Promise<DeliveryOutcome> {
  try {
    const secret = hook.secret === undefined ? undefined : await deps.secretOf(hook.secret);
    const delivery = planDelivery({ cluster: deps.cluster(), event, secret, nowMs: deps.now() });
    return { kind: 'answered', status: await deps.post({ ...delivery, url: hook.url, signal }) };
  } catch (error) {
    return { kind: 'failed', reason: describeError(error) };
  }
}
