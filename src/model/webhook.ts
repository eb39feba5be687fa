/** An address that is told of events. Schema = type; the rules of where it may lie are here, for the file and for every connection. */
import { BlockList, isIP } from 'node:net';

import { z } from 'zod';

import { VariableName } from './names.ts';

/** A neighbour on the cable, all of them, or nobody: a service that posts there can be used to reach what only it may reach. */
const forbidden = new BlockList();
for (const [network, prefix] of [
  ['169.254.0.0', 16],
  ['0.0.0.0', 8],
  ['224.0.0.0', 3],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv4');
}
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addAddress('::', 'ipv6');

/** @param address IPv4 or IPv6, as a name was resolved to */
export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || forbidden.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** @returns undefined: it may be told */
function wrongWith(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return 'an address that begins with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'an address without a user and a password';
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  return isIP(host) !== 0 && isForbiddenAddress(host) ? 'no link-local, multicast or empty address' : undefined;
}

const WebhookUrl = z.string().superRefine((text, context) => {
  const message = wrongWith(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** `boot.failed`, `boot.*`, `*`. */
const EventPattern = z
  .string()
  .regex(/^(?:\*|[a-z-]+\.(?:\*|[a-z-]+))$/, 'a kind of events as boot.failed, all of a noun as boot.*, or *');

export const Webhook = z.strictObject({
  url: WebhookUrl,
  events: z.array(EventPattern).min(1),
  /** A secret of cluster.yaml that signs what is sent. */
  secret: VariableName.optional(),
});
export type Webhook = Readonly<z.infer<typeof Webhook>>;
