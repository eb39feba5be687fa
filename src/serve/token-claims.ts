/** Gives a node that started from boot.img its token, when the boot at its address is open and nobody has it yet. */
import type { FrozenBoots } from '../host/frozen-boots.ts';
import type { BootsFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import { decideTokenRequest, type TokenAnswer, type TokenFacts, type TokenRequest } from '../plan/boot-token.ts';
import type { Site } from './site.ts';

export interface TokenClaimsDeps {
  readonly file: BootsFile;
  readonly frozen: Pick<FrozenBoots, 'get'>;
  readonly site: Pick<Site, 'view'>;
  readonly now: () => number;
}

export type ClaimToken = (request: Omit<TokenRequest, 'nowMs'>) => Promise<TokenAnswer>;

/** Resolves when the disk has who got the token: a service that is killed must not give it to a second one. */
export function tokenClaims(deps: TokenClaimsDeps): ClaimToken {
  const { file, now } = deps;
  return async (request) => {
    const asked = { ...request, nowMs: now() };
    const answer = decideTokenRequest(file.current().boots, asked, (boot) => factsOf(deps, boot));
    if (answer.kind === 'refused') return answer;
    const { id, nonce, lastSeenMs } = answer.boot;
    const claim = (boot: Boot) => (boot.id === id ? { ...boot, nonce, lastSeenMs } : boot);
    await file.update((before) => ({ ...before, boots: before.boots.map(claim) }));
    return answer;
  };
}

function factsOf({ site, frozen }: TokenClaimsDeps, boot: Boot): TokenFacts {
  const node = site.view().nodes.find(({ name }) => name === boot.node);
  const isSigned = frozen.get(boot.generation)?.generation.boot === 'signed';
  return { serial: node?.serial, mac: node?.mac, isSigned };
}
