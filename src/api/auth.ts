/** Who asks, and may they? Over the socket everybody is an administrator; over TCP a bearer token says who (RFC 6750). */
import type { IncomingMessage } from 'node:http';

import { hasExpired, scopeAllows, type TokenScope } from '../model/api-token.ts';
import { renderMoment } from '../model/token-life.ts';
import { HttpError } from './http-error.ts';
import type { Caller } from './route.ts';
import { rateLimit } from './rate-limit.ts';

export interface Access {
  /** @returns undefined for a question without a token. @throws HttpError for a token that is none, or has expired */
  readonly callerOf: (request: IncomingMessage) => Caller | undefined;
  /** Counts a question. @throws HttpError when there are too many */
  readonly admit: (request: IncomingMessage, caller: Caller | undefined) => void;
  /** Where it came from, as the audit log tells it. */
  readonly originOf: (request: IncomingMessage) => string;
}

/** Who can open the socket is decided by its file's mode: root and its group. */
export const socketAccess: Access = {
  callerOf: () => ({ name: 'socket', scope: 'admin' }),
  admit: () => undefined,
  originOf: () => 'socket',
};

/** Against noise: 256 bits cannot be guessed. */
const wrongTokens = { burst: 10, refillMs: 6000 };
/** A cluster's dashboards and scripts stay far below it. */
const ofToken = { burst: 2000, refillMs: 5 };
const ofAddress = { burst: 200, refillMs: 50 };

export interface TokenAccessOptions {
  readonly authenticate: (token: string) => Caller | undefined;
  readonly now: () => number;
  /** Told of each token that is refused, within the limit, so that noise does not fill the log. */
  readonly refused: (address: string, reason: string) => void;
}

export function tokenAccess({ authenticate, now, refused }: TokenAccessOptions): Access {
  const failures = rateLimit({ ...wrongTokens, now });
  const tokens = rateLimit({ ...ofToken, now });
  const addresses = rateLimit({ ...ofAddress, now });
  return {
    originOf: addressOf,
    admit: (request, caller) => {
      const waitSeconds = caller === undefined ? addresses.take(addressOf(request)) : tokens.take(caller.name);
      if (waitSeconds > 0) throw tooMany(waitSeconds, 'too many requests');
    },
    callerOf: (request) => {
      const { authorization } = request.headers;
      if (authorization === undefined) return undefined;
      const caller = authenticate(readBearer(authorization));
      const address = addressOf(request);
      if (caller !== undefined) {
        if (!hasExpired(caller, now())) return caller;
        // Whoever has it is no guesser: the answer says the same each time, the log not.
        if (failures.take(address) === 0) refused(address, `the token ${caller.name} has expired`);
        throw expired(caller);
      }
      // A right token is never held up: nobody can lock out others by sending wrong ones.
      const waitSeconds = failures.take(address);
      if (waitSeconds > 0) throw tooMany(waitSeconds, 'too many wrong tokens came from this address');
      refused(address, 'a token that is not known');
      throw unauthorised('this token is not known', 'Bearer realm="pi-image", error="invalid_token"');
    },
  };
}

/** @throws HttpError */
export function requireScope(caller: Caller | undefined, needed: TokenScope | 'none'): void {
  if (needed === 'none') return;
  if (caller === undefined) throw unauthorised('a token is needed here', 'Bearer realm="pi-image"');
  if (scopeAllows(caller.scope, needed)) return;
  throw new HttpError(403, `this needs the scope ${needed}; the token ${caller.name} has ${caller.scope}`, {
    hint: `Ask for a token with the scope ${needed}: "pi-image token create NAME --scope ${needed}" on the storage node.`,
    headers: { 'www-authenticate': `Bearer realm="pi-image", error="insufficient_scope", scope="${needed}"` },
  });
}

function readBearer(authorization: string): string {
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
  if (token !== undefined) return token;
  throw unauthorised(
    'the header Authorization holds no bearer token',
    'Bearer realm="pi-image", error="invalid_request"',
  );
}

/** RFC 6750 §3.1 has one word for this and for a token that is none; the text tells them apart. */
function expired({ name, scope, expiresAtMs = 0 }: Caller): HttpError {
  return new HttpError(401, `the token ${name} has expired on ${renderMoment(expiresAtMs)}`, {
    hint: `Make another one on the storage node: "pi-image token create ${name} --scope ${scope}". It takes the place of this one.`,
    headers: {
      'www-authenticate': 'Bearer realm="pi-image", error="invalid_token", error_description="the token has expired"',
    },
  });
}

function unauthorised(message: string, challenge: string): HttpError {
  return new HttpError(401, message, {
    hint: 'Send the header "Authorization: Bearer TOKEN"; "pi-image token create NAME" makes one on the storage node.',
    headers: { 'www-authenticate': challenge },
  });
}

function tooMany(waitSeconds: number, message: string): HttpError {
  return new HttpError(429, message, {
    hint: `Wait ${waitSeconds} s, and look who asks so often.`,
    headers: { 'retry-after': String(waitSeconds) },
  });
}

const addressOf = ({ socket }: IncomingMessage) => socket.remoteAddress ?? '';
