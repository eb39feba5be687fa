/** Which board gets which name? In the order in which they were switched on, from the names that are left. */
import { boardNames, type BoardName } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import { ipv4FromNumber, ipv4ToNumber, type Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { UnknownBoard } from '../model/state.ts';
import type { Adoption } from './edit-nodes.ts';

type Ordered = Pick<UnknownBoard, 'mac' | 'firstSeenMs' | 'poweredOnMs'>;

export function inPowerOnOrder<B extends Ordered>(boards: readonly B[]): readonly B[] {
  return boards.toSorted((one, other) => onSince(one) - onSince(other) || (one.mac < other.mac ? -1 : 1));
}

const onSince = ({ poweredOnMs, firstSeenMs }: Ordered) => poweredOnMs ?? firstSeenMs;

export interface NamePattern {
  /** As the pattern lists them. */
  readonly names: readonly string[];
  readonly role: string;
  /** Of the first name; the others follow, so that a name has the same address whichever boards are there. */
  readonly firstAddress: Ipv4Address;
  /** For boards that have not said what they are. */
  readonly board?: BoardName | undefined;
}

export interface PlannedAdoptions {
  readonly adoptions: readonly { readonly mac: MacAddress; readonly as: Adoption }[];
  readonly skipped: readonly { readonly mac: MacAddress; readonly reason: string }[];
  /** Names that no board has yet. */
  readonly left: readonly string[];
}

/** @throws ConfigError when the addresses do not reach */
export function planAdoptions(
  pattern: NamePattern,
  waiting: readonly UnknownBoard[],
  nodes: readonly Pick<NodeSpec, 'name'>[],
): PlannedAdoptions {
  const { names, role, board } = pattern;
  const taken = new Set(nodes.map(({ name }) => name));
  const free = names
    .map((name, index) => ({ name, address: addressOf(pattern, index) }))
    .filter(({ name }) => !taken.has(name));
  const adoptions: PlannedAdoptions['adoptions'][number][] = [];
  const skipped: PlannedAdoptions['skipped'][number][] = [];
  for (const each of inPowerOnOrder(waiting)) {
    const says = boardNames.some((known) => known === each.board);
    const next = free[adoptions.length];
    if (!says && board === undefined) {
      skipped.push({
        mac: each.mac,
        reason: `it has not said which board it is: use --board (${boardNames.join(', ')})`,
      });
    } else if (next === undefined) {
      skipped.push({ mac: each.mac, reason: 'no name is left for it' });
    } else {
      adoptions.push({ mac: each.mac, as: { ...next, role, ...(!says && { board }) } });
    }
  }
  return { adoptions, skipped, left: free.slice(adoptions.length).map(({ name }) => name) };
}

function addressOf({ firstAddress, names }: NamePattern, index: number): Ipv4Address {
  const value = ipv4ToNumber(firstAddress) + index;
  if (value < 2 ** 32) return ipv4FromNumber(value);
  throw new ConfigError(`there are not ${names.length} addresses from ${firstAddress} on`);
}
