/** Does a node's munged have that key? Told by a digest under the key of its boot: nobody learns the one from the other. */
import type { Boot } from '../model/boot.ts';
import type { Heartbeat } from '../model/node-status.ts';
import { sha256 } from './canonical-json.ts';

/** `untold`: an agent that does not tell, or munged did not start. `other`: neither of both. */
export type HeldKey = 'old' | 'new' | 'other' | 'untold';

/** What agent-munge.sh of overlays/base says: the digest of boot.key as it stands there, and the key of munged behind it. */
export function mungeProof(bootKey: string, mungeKey: Uint8Array): string {
  return sha256(Buffer.concat([Buffer.from(`${bootKey}\n`), mungeKey]));
}

export interface MungeKeys {
  readonly old: Uint8Array | undefined;
  readonly new: Uint8Array | undefined;
}

export function heldKey(
  { key }: Pick<Boot, 'key'>,
  heartbeat: Pick<Heartbeat, 'mungeProof'> | undefined,
  keys: MungeKeys,
): HeldKey {
  const proof = heartbeat?.mungeProof;
  if (key === undefined || proof === undefined) return 'untold';
  if (keys.new !== undefined && proof === mungeProof(key, keys.new)) return 'new';
  if (keys.old !== undefined && proof === mungeProof(key, keys.old)) return 'old';
  return 'other';
}
