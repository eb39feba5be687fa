/** Whose token is this? One token per boot: until the node has applied its overlay, from its own address, for ten minutes. */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Boot } from '../model/boot.ts';

export const tokenBytes = 32;
export const tokenLifetimeMs = 10 * 60_000;

export type TokenDecision =
  | { readonly kind: 'valid'; readonly boot: Boot }
  /** `boot`: of which it is the token, at another address. */
  | { readonly kind: 'refused'; readonly reason: string; readonly boot?: Boot };

export interface TokenUse {
  readonly token: string | undefined;
  readonly address: string;
  readonly nowMs: number;
}

export function decideToken(boots: readonly Boot[], use: TokenUse): TokenDecision {
  const { token, address, nowMs } = use;
  if (token === undefined) return refused('a boot token is needed: send "Authorization: Bearer <token>"');
  const boot = boots.findLast((candidate) => candidate.address === address && candidate.closed === undefined);
  if (boot === undefined) return refuseElsewhere(boots, token, address);
  if (boot.token === undefined || nowMs >= boot.tokenExpiresAtMs) return refused('the token of this boot has expired');
  return isSame(boot.token, token) ? { kind: 'valid', boot } : refused('this is not the token of this boot');
}

/** The board has another address than the firmware had, or somebody else has the token. */
function refuseElsewhere(boots: readonly Boot[], token: string, address: string): TokenDecision {
  const open = boots.filter((candidate) => candidate.closed === undefined);
  const boot = open.find((candidate) => candidate.token !== undefined && isSame(candidate.token, token));
  if (boot === undefined) return refused(`no boot of ${address} is under way`);
  const reason = `this boot of ${boot.node} began at ${boot.address}, and its token is of no use at ${address}`;
  return { kind: 'refused', reason, boot };
}

/** A node that started from boot.img: its command line is the same on all of them, so it asks for its token. */
export interface TokenRequest {
  readonly address: string;
  /** As the node reads it from its device tree: low 32 bits; empty where it has none. */
  readonly serial: string;
  readonly mac: string;
  /** Of this run of its initramfs. */
  readonly nonce: string;
  readonly nowMs: number;
}

export type TokenAnswer =
  /** `boot` has the nonce that is to be written down before the token leaves. */
  | { readonly kind: 'valid'; readonly boot: Boot; readonly token: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** What the service knows of the board that the boot began with. */
export interface TokenFacts {
  readonly serial: string | undefined;
  readonly mac: string | undefined;
  readonly isSigned: boolean;
}

/**
 * Once per boot: the first nonce gets the token, from the boot's address, in its time, under the board's own names; the
 * same nonce gets it again, because an answer may be lost. A second one is somebody else.
 */
export function decideTokenRequest(
  boots: readonly Boot[],
  request: TokenRequest,
  factsOf: (boot: Boot) => TokenFacts,
): TokenAnswer {
  const { address, nonce, nowMs } = request;
  const boot = boots.findLast((candidate) => candidate.address === address && candidate.closed === undefined);
  if (boot === undefined) return refuse(`no boot of ${address} is under way`);
  const facts = factsOf(boot);
  if (!facts.isSigned) return refuse(`the boot of ${boot.node} has its token on its command line`);
  if (boot.token === undefined || nowMs >= boot.tokenExpiresAtMs) return refuse('the token of this boot has expired');
  if (!isBoard(request, facts)) return refuse(`this is not the board of ${boot.node}`);
  if (boot.nonce !== undefined && !isSame(boot.nonce, nonce)) {
    return refuse(`somebody has asked for the token of ${boot.node} already in this boot`);
  }
  return { kind: 'valid', boot: { ...boot, nonce, lastSeenMs: nowMs }, token: boot.token };
}

/** By all that both sides know, and at least by one of the two. */
function isBoard(request: TokenRequest, { serial, mac }: TokenFacts): boolean {
  const known = [
    [serial, request.serial],
    [mac, request.mac],
  ].filter(([expected, said]) => expected !== undefined && said !== '');
  return known.length > 0 && known.every(([expected, said]) => expected === said);
}

const refuse = (reason: string): TokenAnswer => ({ kind: 'refused', reason });

/** Takes the same time wherever the first difference lies; digests have one length. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

const refused = (reason: string): TokenDecision => ({ kind: 'refused', reason });
