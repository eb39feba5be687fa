/** Whose token is this? One token per boot: until the node has applied its overlay, from its own address, for ten minutes. */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Boot } from '../model/boot.ts';

export const tokenBytes = 32;
export const tokenLifetimeMs = 10 * 60_000;

export type TokenDecision =
  { readonly kind: 'valid'; readonly boot: Boot } | { readonly kind: 'refused'; readonly reason: string };

export interface TokenUse {
  readonly token: string | undefined;
  readonly address: string;
  readonly nowMs: number;
}

export function decideToken(boots: readonly Boot[], use: TokenUse): TokenDecision {
  const { token, address, nowMs } = use;
  if (token === undefined) return refused('a boot token is needed: send "Authorization: Bearer <token>"');
  const boot = boots.findLast((candidate) => candidate.address === address && candidate.closed === undefined);
  if (boot === undefined) return refused(`no boot of ${address} is under way`);
  if (boot.token === undefined || nowMs >= boot.tokenExpiresAtMs) return refused('the token of this boot has expired');
  return isSame(boot.token, token) ? { kind: 'valid', boot } : refused('this is not the token of this boot');
}

/** Takes the same time wherever the first difference lies; digests have one length. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

const refused = (reason: string): TokenDecision => ({ kind: 'refused', reason });
