/** May this port lose its power? Only when what is behind it is the node's board and nothing else. */
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Switch } from '../model/power.ts';
import type { SwitchPort } from './switch-tables.ts';

export type PortVerdict =
  { readonly kind: 'may' } | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

export interface PortQuestion {
  readonly node: NodeSpec;
  readonly switchName: string;
  readonly port: number;
  readonly settings: Pick<Switch, 'driver' | 'uplinks' | 'trusted'>;
  /** Power port -> what is behind it; undefined: this driver cannot tell, and its owner answers for it. */
  readonly behind: ReadonlyMap<number, SwitchPort> | undefined;
  /** Power ports that may be either of these: their numbers fit in more than one way. */
  readonly disputed: ReadonlyMap<number, readonly SwitchPort[]>;
  /** All that the switch has learned, also behind ports without power. */
  readonly learned: readonly SwitchPort[];
  /** Of this machine. */
  readonly ownMacs: readonly MacAddress[];
  readonly nodes: readonly NodeSpec[];
}

const may: PortVerdict = { kind: 'may' };

export function decideOff(question: PortQuestion): PortVerdict {
  const { settings, port, behind } = question;
  if (settings.uplinks.includes(port)) {
    return refused(question, 'is one of its uplinks', 'Uplinks are never switched: see "uplinks" in cluster.yaml.');
  }
  if (behind === undefined) return may;
  const here = behind.get(port);
  const maybe = here === undefined ? (question.disputed.get(port) ?? []) : [here];
  return ownPath(question, maybe) ?? elsewhere(question, here) ?? crowd(question, here) ?? may;
}

function refused({ switchName, port }: PortQuestion, what: string, hint: string): PortVerdict {
  return { kind: 'refused', reason: `port ${port} of ${switchName} ${what}`, hint };
}

/** Not even a port that is trusted: whoever switches that off cannot switch it on again. */
function ownPath(question: PortQuestion, maybe: readonly SwitchPort[]): PortVerdict | undefined {
  const own = maybe.flatMap(({ macs }) => macs).find((mac) => question.ownMacs.includes(mac));
  if (own === undefined) return undefined;
  return refused(
    question,
    `leads to this storage node (${own})`,
    'Switched off, it could not be reached to switch it on again.',
  );
}

/** A map of ports that is wrong switches off another board. */
function elsewhere(question: PortQuestion, here: SwitchPort | undefined): PortVerdict | undefined {
  const { node, learned, nodes, behind } = question;
  const isHere = node.mac !== undefined && here?.macs.includes(node.mac) === true;
  if (isHere) return undefined;
  const discover = 'See "pi-image node power discover".';
  const other = nodes.find(({ name, mac }) => name !== node.name && mac !== undefined && here?.macs.includes(mac));
  if (other !== undefined) return refused(question, `has the board of ${other.name} behind it`, discover);
  const at = learned.find(({ macs, bridgePort }) => {
    return bridgePort !== here?.bridgePort && macs.length === 1 && macs[0] === node.mac;
  });
  if (at === undefined) return undefined;
  const powerPort = [...(behind ?? [])].find(([, { bridgePort }]) => bridgePort === at.bridgePort)?.[0];
  // Neither of the two can be placed: that is no contradiction.
  if (here === undefined && powerPort === undefined) return undefined;
  const place = powerPort === undefined ? (at.name ?? `port ${at.bridgePort}`) : `port ${powerPort}`;
  return refused(question, `does not have the board of ${node.name} behind it: that is behind ${place}`, discover);
}

/** Another switch, or a machine that passes frames on to others. */
function crowd(question: PortQuestion, here: SwitchPort | undefined): PortVerdict | undefined {
  const { settings, port, learned, node } = question;
  if (settings.trusted.includes(port)) return undefined;
  const trust = `When all of it is the board's own, write port ${port} under "trusted" of the switch in cluster.yaml.`;
  if (learned.every(({ macs }) => macs.length === 0)) {
    return refused(
      question,
      'cannot be judged: the switch does not tell what it has learned',
      `Let this SNMP user read BRIDGE-MIB or Q-BRIDGE-MIB. ${trust}`,
    );
  }
  if (here === undefined) return unplaced(question);
  const { macs, neighbours } = here;
  const bridge = neighbours.find(({ isBridge }) => isBridge);
  if (bridge !== undefined) {
    return refused(question, `has a bridge behind it, which calls itself ${bridge.name ?? 'nothing'}`, trust);
  }
  if (macs.length > 1) {
    return refused(question, `has ${macs.length} MAC addresses behind it: ${shown(macs)}`, trust);
  }
  const [only] = macs;
  if (only === undefined || node.mac === undefined || only === node.mac) return undefined;
  const hint = `Correct the mac of ${node.name}, or its port: "pi-image node power discover". ${trust}`;
  return refused(question, `has ${only} behind it, which is not the board of ${node.name} (${node.mac})`, hint);
}

/** A port whose board is silent stands in the table of the bridge with nothing behind it; this one does not, or twice. */
function unplaced(question: PortQuestion): PortVerdict {
  const { port, disputed, switchName } = question;
  const trust = `When only the board is behind it, write port ${port} under "trusted" of the switch in cluster.yaml.`;
  const either = disputed.get(port)?.map(({ name, bridgePort }) => name ?? `bridge port ${bridgePort}`);
  if (either !== undefined) {
    const hint = `Write "portNumbers: ifIndex", "bridgePort" or "name" for ${switchName} in cluster.yaml, whichever its numbers are. ${trust}`;
    return refused(question, `cannot be judged: it may be ${either.join(' or ')}, and others are behind each`, hint);
  }
  return refused(
    question,
    'cannot be judged: it is none of the ports of which the switch tells what is behind',
    `Let this SNMP user read BRIDGE-MIB and IF-MIB as a whole, or write "portNumbers" for ${switchName} in cluster.yaml. ${trust}`,
  );
}

const shownMacs = 4;

function shown(macs: readonly MacAddress[]): string {
  const more = macs.length > shownMacs ? ' …' : '';
  return `${macs.slice(0, shownMacs).join(', ')}${more}`;
}
