/** Which version of a resource is this? The tag follows from the content alone, so a restart changes none. */
import { ChangedError } from '../model/errors.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

/** As HTTP writes it, with its quotes: RFC 9110 §8.8.3. Of a node: its description, without status. */
export function etagOf(resource: unknown): string {
  return `"${sha256(canonicalJson(resource)).slice(0, 32)}"`;
}

/**
 * RFC 9110 §13.1.1. To be called inside of state.update: between the comparison and the change nothing may come.
 * @param ifMatch as sent; undefined when the client does not care
 * @throws ChangedError
 */
export function requireMatch(what: string, resource: unknown, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const etag = etagOf(resource);
  const wanted = ifMatch.split(',').map((tag) => tag.trim());
  if (!wanted.includes(etag)) throw new ChangedError(what, etag);
}
