/** Tokens as the API and the command line show them: `pi_` before the secret, so that scanners and people know one. */
import type { TokenActions } from '../api/actions.ts';
import type { Token } from '../api/schemas/token.ts';
import type { Tokens } from '../host/database/tokens.ts';
import { hashToken } from '../host/database/tokens.ts';
import { hasExpired, type ApiToken } from '../model/api-token.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import { endOfLife } from '../model/token-life.ts';
import { etagOf, requireMatch } from '../plan/etag.ts';
import { taggedToken } from '../plan/resource-tags.ts';

const prefix = 'pi_';

/** Who changes something without a token. */
const takenNames: ReadonlySet<string> = new Set(['socket', 'command', 'nobody']);

export function tokenActions(tokens: Tokens, now: () => number = Date.now): TokenActions {
  return {
    authenticate: (text) => {
      if (!text.startsWith(prefix)) return undefined;
      const found = tokens.find(hashToken(text.slice(prefix.length)));
      return found && { name: found.name, scope: found.scope, expiresAtMs: found.expiresAtMs };
    },
    tokens: () => tokens.list().map(publicToken),
    token: (name) => {
      const found = requireToken(tokens.list(), name);
      return { answer: publicToken(found), etag: etagOf(taggedToken(found)) };
    },
    createToken: async ({ name, scope, expires }, { by, dryRun }) => {
      if (takenNames.has(name)) {
        throw new RefusedError(`a token cannot be called ${name}: changes are told by that name`, {
          hint: 'Choose another name.',
        });
      }
      if (tokens.list().some((token) => token.name === name && !hasExpired(token, now()))) {
        throw new RefusedError(`there is a token ${name} already`, {
          hint: `Choose another name, or revoke it: "pi-image token revoke ${name}".`,
        });
      }
      const expiresAtMs = endOfLife(expires, now());
      const answer = { name, scope, dryRun, ...(expiresAtMs !== undefined && { expiresAtMs }) };
      if (dryRun) return answer;
      const { secret } = await tokens.create(name, scope, { by, expiresAtMs });
      return { ...answer, token: `${prefix}${secret}` };
    },
    revokeToken: async (name, { by, dryRun, ifMatch }) => {
      const found = requireToken(tokens.list(), name);
      requireMatch(`token ${name}`, taggedToken(found), ifMatch);
      const { id, scope } = found;
      if (!dryRun) await tokens.revoke(id, by);
      return { name, scope, dryRun };
    },
  };
}

function requireToken(tokens: readonly ApiToken[], name: string): ApiToken {
  const token = tokens.find((candidate) => candidate.name === name);
  if (token !== undefined) return token;
  const known = tokens.map((candidate) => candidate.name);
  throw new NotFoundError(`there is no token ${name}${didYouMean(name, known)}`);
}

function publicToken({ id: _id, sha256: _hash, ...shown }: ApiToken): Token {
  return shown;
}
