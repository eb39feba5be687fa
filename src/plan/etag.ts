/** Which version of a resource is this? The tag follows from the content alone, so a restart changes none. */
import { ChangedError } from '../model/errors.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** Remembers what would be computed again: of a thousand nodes that are listed, one has changed. */
const known = new WeakMap<object, string>();

/** As HTTP writes it, with its quotes: RFC 9110 §8.8.3. Of a node: its description, without status. Of a list: of its entries. */
export function etagOf(resource: object): string {
  const etag = known.get(resource) ?? `"${digestOf(resource).slice(0, 32)}"`;
  known.set(resource, etag);
  return etag;
}

function digestOf(resource: object): string {
  return sha256(
    Array.isArray(resource) ? resource.map((entry: object) => etagOf(entry)).join() : canonicalJson(resource),
  );
}

/**
 * RFC 9110 §13.1.1. To be called inside of state.update: between the comparison and the change nothing may come.
 * @param ifMatch as sent; undefined when the client does not care
 * @throws ChangedError
 */
export function requireMatch(what: string, resource: object, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const etag = etagOf(resource);
  const wanted = ifMatch.split(',').map((tag) => tag.trim());
  if (!wanted.includes(etag)) throw new ChangedError(what, etag);
}
