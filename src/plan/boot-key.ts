/** Whose key is this? What speaks after the hand-over has the key that came with its overlay, for as long as it runs. */
import type { Boot } from '../model/boot.ts';
import { hasKernelReported } from './boot-timeline.ts';
import { isSame, type TokenDecision, type TokenUse } from './boot-token.ts';

/**
 * The key of what runs at this address: of the newest boot, or of the one before while nothing shows that the newer one
 * has got to its kernel. It does not end with the boot's timeline: a node that is ready goes on to speak.
 */
export function decideKey(boots: readonly Boot[], { token: key, address }: Omit<TokenUse, 'nowMs'>): TokenDecision {
  if (key === undefined) return { kind: 'refused', reason: 'a boot key is needed: send "Authorization: Bearer <key>"' };
  const here = boots.filter((boot) => boot.address === address);
  const running = here.slice(Math.max(here.findLastIndex(hasKernelReported), 0));
  const boot = running.find((candidate) => candidate.key !== undefined && isSame(candidate.key, key));
  if (boot !== undefined) return { kind: 'valid', boot };
  return { kind: 'refused', reason: `this is not the key of what runs at ${address}` };
}
