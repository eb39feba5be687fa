/** Who may: a boot under its token, a running system under the key of its boot. Refusals are answered here. */
import type { Request, Response } from 'express';

import type { Boot } from '../model/boot.ts';
import type { Log } from '../model/log.ts';
import type { TokenDecision } from '../plan/boot-token.ts';
import type { Boots } from './boots.ts';
import { peerOf, refuse } from './http-answers.ts';

export interface AccessDeps {
  readonly boots: Pick<Boots, 'authorise' | 'authoriseKey'>;
  readonly log: Log;
}

/** @returns undefined after it has answered 403 */
export function authorise({ boots, log }: AccessDeps, request: Request, response: Response): Boot | undefined {
  const decision = boots.authorise(bearerOf(request), peerOf(request));
  return admit(decision, log, request, response);
}

/** As `authorise`, for what speaks under the key of a boot. */
export function authoriseSystem({ boots, log }: AccessDeps, request: Request, response: Response): Boot | undefined {
  const decision = boots.authoriseKey(bearerOf(request), peerOf(request));
  return admit(decision, log, request, response);
}

/** Whose key it is; says nothing where it is none. */
export function systemOf({ boots }: AccessDeps, request: Request): Boot | undefined {
  const decision = boots.authoriseKey(bearerOf(request), peerOf(request));
  return decision.kind === 'valid' ? decision.boot : undefined;
}

function admit(decision: TokenDecision, log: Log, request: Request, response: Response): Boot | undefined {
  if (decision.kind === 'valid') return decision.boot;
  log.warn('boot.token-refused', { from: peerOf(request), path: request.path, reason: decision.reason });
  refuse(response, 403, decision.reason);
  return undefined;
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer ([\w-]{1,200})$/.exec(request.get('authorization') ?? '')?.[1];
}
