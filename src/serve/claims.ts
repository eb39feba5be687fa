/** Whose board asks from this address, where another DHCP server gives the addresses, and may it have its node's token? */
import type { Boot } from '../model/boot.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import { withAddress } from '../model/node-address.ts';
import { AddressClaims, nodeOfPath, type ClaimDecision } from '../plan/address-claims.ts';
import type { BootSign } from '../plan/boot-timeline.ts';
import { hasKernelReported } from '../plan/boot-timeline.ts';
import { holdingBoots } from '../plan/learned-addresses.ts';
import type { Boots } from './boots.ts';
import type { Site } from './site.ts';

export interface ClaimsDeps {
  readonly site: Pick<Site, 'view'>;
  readonly boots: Pick<Boots, 'all' | 'endToken'>;
  /** The system that this boot started speaks no more. */
  readonly isSilent: (boot: Boot) => boolean;
  readonly now: () => number;
  readonly log: Log;
}

export type Claimant =
  /** Its boot is at the address that it asks from. */
  | { readonly kind: 'board'; readonly node: NodeSpec; readonly sign: BootSign }
  /** It may have what holds no secret. */
  | { readonly kind: 'refused'; readonly node: NodeSpec; readonly reason: string }
  | { readonly kind: 'nobody' };

export interface Claims {
  readonly discovered: (node: string) => void;
  readonly requested: (node: string, address: Ipv4Address) => void;
  /** undefined where nodes are at the addresses of nodes.yaml, because we give them. */
  readonly claim: (path: string, from: Ipv4Address) => Claimant | undefined;
}

/** How often one refusal is told: firmware asks for thirty files. */
const toldMs = 60_000;

export function createClaims(deps: ClaimsDeps): Claims {
  const { site, now } = deps;
  const known = new AddressClaims();
  const tell = teller(deps);
  return {
    discovered: (node) => known.discovered(node, now()),
    requested: (node, address) => known.requested(node, address, now()),
    claim: (path, from) => {
      const { cluster, nodes } = site.view();
      const { dhcp, trust } = cluster.network;
      if (dhcp === 'server') return undefined;
      const node = nodeOfPath(path, nodes) ?? nodes.find(({ address }) => address === from);
      if (node === undefined) return { kind: 'nobody' };
      const decision: ClaimDecision =
        dhcp === 'off' && trust !== 'requests'
          ? { kind: 'refused', reason: offReason(node), endsToken: false }
          : known.decide({
              node: node.name,
              address: from,
              nowMs: now(),
              trust: trustOf(dhcp),
              ...facts(deps, node, from),
            });
      if (decision.kind === 'granted') {
        return { kind: 'board', node: withAddress(node, from), sign: dhcp === 'off' ? 'trusted-read' : 'read' };
      }
      tell(node.name, from, decision);
      return { kind: 'refused', node, reason: decision.reason };
    },
  };
}

const trustOf = (dhcp: 'proxy' | 'off') => (dhcp === 'off' ? 'requests' : 'dhcp');

const offReason = ({ name }: NodeSpec) =>
  `with "dhcp: off" nothing shows that the board of ${name} is being switched on; "trust: requests" in cluster.yaml gives its token all the same`;

function facts({ boots, isSilent }: ClaimsDeps, node: NodeSpec, from: Ipv4Address) {
  const all = boots.all();
  const here = holdingBoots(all).find(({ address }) => address === from);
  const runs = here !== undefined && hasKernelReported(here) && !isSilent(here);
  return { last: all.findLast((boot) => boot.node === node.name), runsHere: runs ? here.node : undefined };
}

type Refused = Extract<ClaimDecision, { kind: 'refused' }>;

function teller({ boots, now, log }: ClaimsDeps): (node: string, from: Ipv4Address, refused: Refused) => void {
  const told = new Map<string, number>();
  return (node, from, { reason, endsToken }) => {
    if (endsToken) boots.endToken(node, reason);
    const nowMs = now();
    for (const [key, atMs] of told) if (nowMs - atMs >= toldMs) told.delete(key);
    const key = `${node} ${reason}`;
    if (told.has(key)) return;
    told.set(key, nowMs);
    log.warn('boot.claim-refused', { node, from, reason });
  };
}
