/** Asks switches what they know, several at a time: one that does not answer says why, and holds up no other. */
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PortPower, PowerBudget, PowerPort, Switch } from '../model/power.ts';
import { portOf, type SwitchFacts, type UnreadSwitch } from '../plan/power.ts';
import type { SeenSwitch } from '../plan/switch-discover.ts';
import type { PowerDriver, PowerTarget } from './power-driver.ts';

export type FactsBySwitch = ReadonlyMap<string, SwitchFacts | UnreadSwitch>;

type Switches = Readonly<Record<string, Switch>>;

interface FactsDeps {
  readonly driver: (name: string) => Promise<PowerDriver>;
}

/** Of the switches that feed these nodes. */
export function readFacts(nodes: readonly NodeSpec[], switches: Switches, deps: FactsDeps): Promise<FactsBySwitch> {
  const targets = new Map<string, PowerTarget[]>();
  for (const node of nodes) {
    const found = portOf(node, switches);
    if (found.kind === 'none') continue;
    const { switch: name, port } = found.power;
    const others = targets.get(name);
    if (others === undefined) targets.set(name, [{ node: node.name, port }]);
    else others.push({ node: node.name, port });
  }
  return askAll(targets, deps);
}

/** Of all switches that know what is behind their ports. */
export async function readSeen(
  switches: Switches,
  deps: FactsDeps,
): Promise<{ seen: SeenSwitch[]; failures: string[] }> {
  const names = Object.keys(switches).filter((name) => switches[name]?.driver === 'snmp');
  const facts = await askAll(new Map(names.map((name) => [name, []])), deps);
  const seen: SeenSwitch[] = [];
  const failures: string[] = [];
  for (const [name, found] of facts) {
    if ('failure' in found) failures.push(found.failure);
    else
      seen.push({
        name,
        uplinks: switches[name]?.uplinks ?? [],
        behind: found.behind ?? new Map(),
        disputed: found.disputed,
        learned: found.learned,
      });
  }
  return { seen, failures };
}

async function askAll(targets: ReadonlyMap<string, readonly PowerTarget[]>, deps: FactsDeps): Promise<FactsBySwitch> {
  const asked = [...targets].map(async ([name, of]) => [name, await ask(name, of, deps)] as const);
  return new Map(await Promise.all(asked));
}

async function ask(name: string, targets: readonly PowerTarget[], { driver }: FactsDeps) {
  let opened: PowerDriver | undefined;
  try {
    opened = await driver(name);
    return await opened.facts(targets);
  } catch (error) {
    if (!(error instanceof PiImageError)) return { failure: `${name}: ${describeError(error)}` };
    return { failure: `${name}: ${error.message}`, hint: error.hint };
  } finally {
    opened?.close();
  }
}

/** One node's power as people are shown it. */
export interface NodePower {
  readonly node: string;
  readonly switch?: string | undefined;
  readonly port?: number | undefined;
  /** Somebody can give its port orders, though it may not answer now. */
  readonly isSwitched: boolean;
  readonly power: PortPower['power'] | 'unknown';
  readonly detection?: PortPower['detection'];
  /** Why it is not known. */
  readonly reason?: string | undefined;
  /** Of its switch. */
  readonly budget?: PowerBudget | undefined;
}

export function statusOf(node: NodeSpec, switches: Switches, facts: FactsBySwitch): NodePower {
  const found = portOf(node, switches);
  if (found.kind === 'none') {
    return { node: node.name, ...node.power, isSwitched: false, power: 'unknown', reason: found.reason };
  }
  const place: PowerPort & { readonly isSwitched: true } = { ...found.power, isSwitched: true };
  const seen = facts.get(place.switch) ?? { failure: `${place.switch} was not asked` };
  if ('failure' in seen) return { node: node.name, ...place, power: 'unknown', reason: seen.failure };
  const port = seen.ports.get(place.port);
  const budget = seen.budget && { budget: seen.budget };
  if (port !== undefined) return { node: node.name, ...place, ...port, ...budget };
  const reason = `${place.switch} has no port ${place.port} that gives power`;
  return { node: node.name, ...place, power: 'unknown', reason, ...budget };
}
