/** What a webhook is told, how it is signed (standardwebhooks.com), and when it is tried again. */
import { createHmac } from 'node:crypto';

import type { Event } from '../model/event.ts';
import type { Webhook } from '../model/webhook.ts';

export function wantsEvent({ events }: Webhook, kind: string): boolean {
  return events.some((pattern) => pattern === '*' || pattern === kind || isNoun(pattern, kind));
}

const isNoun = (pattern: string, kind: string) => pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1));

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface DeliveryFacts {
  readonly cluster: string;
  readonly event: Event;
  readonly secret: Uint8Array | undefined;
  readonly nowMs: number;
}

/** The id is the same each time that it is tried: a receiver that has it may leave it. */
export function planDelivery({ cluster, event, secret, nowMs }: DeliveryFacts): Delivery {
  const body = JSON.stringify({ cluster, ...event });
  const [id, timestamp] = [`${cluster}-${event.id}`, String(Math.floor(nowMs / 1000))];
  const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secret === undefined) return { headers, body };
  const signature = signWebhook(`${id}.${timestamp}.${body}`, secret);
  return { headers: { ...headers, 'webhook-signature': signature }, body };
}

const textPrefix = 'whsec_';

/** @param secret bytes; or, in a file that a receiver has given, the text `whsec_` with them in base64 */
export function signWebhook(content: string, secret: Uint8Array): string {
  const text = Buffer.from(secret).toString('latin1').trim();
  const key = text.startsWith(textPrefix) ? Buffer.from(text.slice(textPrefix.length), 'base64') : secret;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

/** The status that came back, or why none did. */
export type DeliveryOutcome =
  { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'failed'; readonly reason: string };

export type NextTry =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'given-up'; readonly reason: string };

/** A receiver may be down for a quarter of an hour. */
const delaysMs = [5000, 30_000, 120_000, 600_000];

const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** @param tries how often it was tried, this time included */
export function decideNextTry(outcome: DeliveryOutcome, tries: number): NextTry {
  if (outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300) return { kind: 'delivered' };
  const reason = outcome.kind === 'failed' ? outcome.reason : `it answered ${outcome.status}`;
  const mayPass = outcome.kind === 'failed' || outcome.status >= 500 || passing.has(outcome.status);
  const afterMs = delaysMs[tries - 1];
  return mayPass && afterMs !== undefined ? { kind: 'again', afterMs, reason } : { kind: 'given-up', reason };
}
