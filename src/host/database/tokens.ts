/** Tokens for the API. A token is 256 random bits, so a plain SHA-256 of it can be kept and looked up. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { hasExpired, type ApiToken, type TokenList, type TokenScope } from '../../model/api-token.ts';
import type { StoredValue } from './stored-value.ts';

export interface Tokens {
  /** `secret` is what the owner sends; it is nowhere kept. One of the same name is gone in the same transaction. */
  readonly create: (
    name: string,
    scope: TokenScope,
    more?: { readonly by?: string | undefined; readonly expiresAtMs?: number | undefined },
  ) => Promise<{ readonly token: ApiToken; readonly secret: string }>;
  /** Oldest first. */
  readonly list: () => readonly ApiToken[];
  /** @returns the one that is gone; undefined when there was none with this id */
  readonly revoke: (id: string, by?: string) => Promise<ApiToken | undefined>;
  /** By the hash of what a request brought (`hashToken`), also when it has expired; else remembers that it was used. */
  readonly find: (sha256: string) => ApiToken | undefined;
}

/** Finer than that, every request would write. */
const usedEveryMs = 60_000;

export function hashToken(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function storedTokens(value: StoredValue<TokenList>, now: () => number): Tokens {
  const list = () => value.current().tokens;
  const use = (token: ApiToken) => {
    const lastUsedAtMs = now();
    if (hasExpired(token, lastUsedAtMs)) return;
    if (lastUsedAtMs - (token.lastUsedAtMs ?? 0) < usedEveryMs) return;
    value.amend(({ tokens }) => ({
      tokens: tokens.map((each) => (each.id === token.id ? { ...each, lastUsedAtMs } : each)),
    }));
  };
  return {
    create: async (name, scope, { by, expiresAtMs } = {}) => {
      const secret = randomBytes(32).toString('base64url');
      const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
      const token = { id: randomUUID(), name, scope, sha256: hashToken(secret), createdAtMs: now(), ...expiry };
      const fields = { by, id: token.id, name, scope };
      const withIt = ({ tokens }: TokenList) => ({ tokens: [...tokens.filter((each) => each.name !== name), token] });
      await value.update(withIt, [{ kind: 'token.created', fields }]);
      return { token, secret };
    },
    list,
    revoke: async (id, by) => {
      const found = list().find((token) => token.id === id);
      if (found === undefined) return undefined;
      const without = ({ tokens }: TokenList) => ({ tokens: tokens.filter((token) => token.id !== id) });
      await value.update(without, [{ kind: 'token.revoked', fields: { by, id, name: found.name } }]);
      return found;
    },
    find: (sha256) => {
      const found = list().find((token) => isSame(token.sha256, sha256));
      if (found !== undefined) use(found);
      return found;
    },
  };
}

/** How long it takes says nothing of how much of a hash was right. */
function isSame(known: string, brought: string): boolean {
  return known.length === brought.length && timingSafeEqual(Buffer.from(known), Buffer.from(brought));
}
