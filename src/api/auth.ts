/** Who asks, and may they? Over the socket everybody is an administrator; over TCP a bearer token says who (RFC 6750). */
import type { IncomingMessage } from 'node:http';

import { scopeAllows, type TokenScope } from '../model/api-token.ts';
import { HttpError } from './http-error.ts';
import type { Caller } from './route.ts';
import { failureLimit } from './failure-limit.ts';

export interface Access {
  /** @returns undefined for a question without a token. @throws HttpError for a token that is none */
  readonly callerOf: (request: IncomingMessage) => Caller | undefined;
}

/** Who can open the socket is decided by its file's mode: root and its group. */
export const socketAccess: Access = { callerOf: () => ({ name: 'socket', scope: 'admin' }) };

export interface TokenAccessOptions {
  readonly authenticate: (token: string) => Caller | undefined;
  readonly now: () => number;
  /** Told of each wrong token that is within the limit, so that noise does not fill the log. */
  readonly refused: (address: string) => void;
}

export function tokenAccess({ authenticate, now, refused }: TokenAccessOptions): Access {
  const limit = failureLimit(now);
  return {
    callerOf: (request) => {
      const { authorization } = request.headers;
      if (authorization === undefined) return undefined;
      const caller = authenticate(readBearer(authorization));
      if (caller !== undefined) return caller;
      const address = request.socket.remoteAddress ?? '';
      // A right token is never held up: nobody can lock out others by sending wrong ones.
      const waitSeconds = limit.fail(address);
      if (waitSeconds > 0) throw tooMany(waitSeconds);
      refused(address);
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

function unauthorised(message: string, challenge: string): HttpError {
  return new HttpError(401, message, {
    hint: 'Send the header "Authorization: Bearer TOKEN"; "pi-image token create NAME" makes one on the storage node.',
    headers: { 'www-authenticate': challenge },
  });
}

function tooMany(waitSeconds: number): HttpError {
  return new HttpError(429, 'too many wrong tokens came from this address', {
    hint: `Wait ${waitSeconds} s, and look whose token is wrong.`,
    headers: { 'retry-after': String(waitSeconds) },
  });
}
