/** The seal: all rules by which an image becomes one that any node can boot, without a disk, in the order in which they are applied. */
import { keepableRules, type DisklessRuleId } from '../model/diskless.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import type { SealRule } from './seal-rule.ts';
import { bootRules } from './seal-rules-boot.ts';
import { diskRules } from './seal-rules-disk.ts';
import { identityRules } from './seal-rules-identity.ts';
import { wiringRules } from './seal-rules-network.ts';

export const sealRules: readonly SealRule[] = [...identityRules, ...bootRules, ...diskRules, ...wiringRules];

/** Part of an image's key: another rule makes another image. Words are not. */
export const sealDigest = sha256(canonicalJson(sealRules.map(({ id, when = [], actions }) => ({ id, when, actions }))));

const keepable: ReadonlySet<string> = new Set(keepableRules);

/** May image.yaml switch it off? */
export const isKeepable = (id: DisklessRuleId): boolean => keepable.has(id);
