/** One POST to an address of cluster.yaml: TLS is verified, no redirect is followed, and no name leads to a link-local address. */
import { lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

import { isForbiddenAddress } from '../model/webhook.ts';

export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

const timeoutMs = 10_000;

/** @returns the status. @throws when there is no answer in time */
export function postWebhook(
  { url, headers, body, signal }: WebhookPost,
  lookup: Lookup = systemLookup,
): Promise<number> {
  const target = new URL(url);
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const content = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(target, {
      method: 'POST',
      // A connection of its own: nothing is kept open to somebody else's machine.
      agent: false,
      headers: { ...headers, 'user-agent': 'pi-image', 'content-length': content.length },
      lookup: guarded(lookup),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    outgoing.on('response', (incoming: IncomingMessage) => {
      resolve(incoming.statusCode ?? 0);
      // What it says is of no use to us, however long it is.
      incoming.destroy();
    });
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

type Lookup = typeof systemLookup;

/** Asked for each connection: what a name means may change between the check of a file and its use. */
function guarded(lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const allowed = found.filter(({ address }) => !isForbiddenAddress(address));
      const [first] = allowed;
      if (first === undefined) return callback(new Error(`${hostname} is a link-local address`), []);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
