/** May these nodes be switched so? All of them or none: the ports, what is behind them, and the power that is left. */
import type { MacAddress } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import {
  portKey,
  type PortPower,
  type PowerAction,
  type PowerBudget,
  type PowerPolicy,
  type PowerPort,
  type Switch,
} from '../model/power.ts';
import { decideBudget, wattsOf } from './power-budget.ts';
import { decideOff, type PortVerdict } from './power-guard.ts';
import type { SwitchPort } from './switch-tables.ts';

/** What was read of a switch just now. */
export interface SwitchFacts {
  /** undefined: this driver tells nothing, and its owner answers for what is behind. */
  readonly behind: ReadonlyMap<number, SwitchPort> | undefined;
  /** Power ports that may be either of these. */
  readonly disputed: ReadonlyMap<number, readonly SwitchPort[]>;
  readonly learned: readonly SwitchPort[];
  readonly ports: ReadonlyMap<number, PortPower>;
  readonly budget: PowerBudget | undefined;
}

export interface UnreadSwitch {
  readonly failure: string;
  readonly hint?: string | undefined;
}

export interface PowerQuestion {
  readonly action: PowerAction;
  readonly targets: readonly NodeSpec[];
  readonly nodes: readonly NodeSpec[];
  readonly switches: Readonly<Record<string, Switch>>;
  readonly policy: PowerPolicy;
  /** Of each switch: what was read, or why it could not be. */
  readonly facts: ReadonlyMap<string, SwitchFacts | UnreadSwitch>;
  readonly ownMacs: readonly MacAddress[];
  /** `sw1/7` of ports that are being switched. */
  readonly busy: ReadonlySet<string>;
  /** Watts by switch that its consumption does not show yet. */
  readonly promised: ReadonlyMap<string, number>;
}

export interface PowerChoice {
  readonly node: string;
  readonly power: PowerPort;
  readonly watts: number;
  /** It has power already, or has none already. */
  readonly isSo: boolean;
}

export type PowerDecision =
  | { readonly kind: 'may'; readonly choices: readonly PowerChoice[] }
  | {
      readonly kind: 'refused';
      readonly refusals: readonly { readonly node: string; readonly reason: string; readonly hint?: string }[];
    };

type Refusal = Extract<PowerDecision, { kind: 'refused' }>['refusals'][number];
type Judged =
  { readonly kind: 'may'; readonly choice: PowerChoice } | { readonly kind: 'refused'; readonly refusal: Refusal };

export function decidePower(question: PowerQuestion): PowerDecision {
  const judged = question.targets.map((node) => judge(node, question));
  const refusals = judged.flatMap((each) => (each.kind === 'refused' ? [each.refusal] : []));
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const choices = judged.flatMap((each) => (each.kind === 'may' ? [each.choice] : []));
  const tooMany = question.action === 'on' ? overBudget(choices, question) : [];
  return tooMany.length > 0 ? { kind: 'refused', refusals: tooMany } : { kind: 'may', choices };
}

const refuse = (node: NodeSpec, reason: string, hint?: string): Judged => ({
  kind: 'refused',
  refusal: { node: node.name, reason, ...(hint !== undefined && { hint }) },
});

export type FoundPort =
  | { readonly kind: 'port'; readonly power: PowerPort; readonly settings: Switch }
  | { readonly kind: 'none'; readonly reason: string; readonly hint: string };

/** What feeds this node, or why nothing does that could be switched. */
export function portOf(
  { name, power }: Pick<NodeSpec, 'name' | 'power'>,
  switches: Readonly<Record<string, Switch>>,
): FoundPort {
  if (power === undefined) {
    const hint = `Write "power: { switch: sw1, port: 1 }" for it, or run "pi-image node power discover".`;
    return { kind: 'none', reason: `it is not known which switch port feeds ${name}`, hint };
  }
  const settings = switches[power.switch];
  if (settings === undefined) {
    const hint = 'Describe it under switches in cluster.yaml.';
    return { kind: 'none', reason: `there is no switch ${power.switch}`, hint };
  }
  if (settings.driver !== 'none') return { kind: 'port', power, settings };
  const reason = `${power.switch} is switched by hand: its driver is none`;
  return { kind: 'none', reason, hint: `Its port ${power.port} feeds ${name}.` };
}

function judge(node: NodeSpec, question: PowerQuestion): Judged {
  const { action, facts, switches, busy } = question;
  const found = portOf(node, switches);
  if (found.kind === 'none') return refuse(node, found.reason, found.hint);
  const { power } = found;
  if (busy.has(portKey(power)))
    return refuse(
      node,
      `port ${power.port} of ${power.switch} is being switched already`,
      'Wait for it: "pi-image node power status" shows what it does.',
    );
  const seen: SwitchFacts | UnreadSwitch = facts.get(power.switch) ?? { failure: `${power.switch} was not asked` };
  if ('failure' in seen) return refuse(node, seen.failure, seen.hint);
  const verdict = action === 'on' ? undefined : judgeOff(node, found, seen, question);
  if (verdict?.kind === 'refused') return refuse(node, verdict.reason, verdict.hint);
  return choose(node, found, seen, question);
}

function choose(
  node: NodeSpec,
  { power, settings }: Extract<FoundPort, { kind: 'port' }>,
  seen: SwitchFacts,
  { action, policy }: PowerQuestion,
): Judged {
  const now = seen.ports.get(power.port);
  if (now === undefined && settings.driver === 'snmp') {
    return refuse(node, `${power.switch} has no port ${power.port} that gives power`, portsHint(seen));
  }
  const isSo = action !== 'cycle' && now?.power === action;
  return { kind: 'may', choice: { node: node.name, power, watts: wattsOf(node, policy), isSo } };
}

function judgeOff(
  node: NodeSpec,
  { power, settings }: Extract<FoundPort, { kind: 'port' }>,
  { behind, disputed, learned }: SwitchFacts,
  { ownMacs, nodes }: PowerQuestion,
): PortVerdict {
  const { switch: switchName, port } = power;
  return decideOff({ node, switchName, port, settings, behind, disputed, learned, ownMacs, nodes });
}

function portsHint({ ports }: SwitchFacts): string {
  const numbers = [...ports.keys()].toSorted((one, other) => one - other);
  if (numbers.length === 0) return 'It shows no power ports at all: may this SNMP user read POWER-ETHERNET-MIB?';
  return `Its power ports are ${numbers[0]} to ${numbers.at(-1)}; a box of a stack is chosen with "group".`;
}

function overBudget(choices: readonly PowerChoice[], { facts, promised }: PowerQuestion): Refusal[] {
  const names = [...new Set(choices.map(({ power }) => power.switch))];
  return names.flatMap((name): Refusal[] => {
    const found = facts.get(name);
    const wanted = choices.filter(({ power, isSo }) => power.switch === name && !isSo);
    const budget = found === undefined || 'failure' in found ? undefined : found.budget;
    const verdict = decideBudget(name, wanted, { budget, promised: promised.get(name) ?? 0 });
    if (verdict.kind === 'enough') return [];
    return [{ node: wanted[0]?.node ?? '', reason: verdict.reason, hint: verdict.hint }];
  });
}

/** One sentence for one refusal, a list for several. */
export function renderRefusals(action: PowerAction, refusals: readonly Refusal[]): { message: string; hint?: string } {
  const [first] = refusals;
  const hint = refusals.find((each) => each.hint !== undefined)?.hint;
  const verb = action === 'cycle' ? 'cycled' : `switched ${action}`;
  const message =
    refusals.length === 1
      ? `${first?.node} is not ${verb}: ${first?.reason}`
      : `${refusals.length} nodes are not ${verb}, so none is\n${refusals.map(({ node, reason }) => `${node}: ${reason}`).join('\n')}`;
  return { message, ...(hint !== undefined && { hint }) };
}
