/** Facts of nodes as words of a command line: `--var cpus=4`, `--label rack=a1`, `--power sw1:7`, `--unset vars.cpus`. */
import { InvalidArgumentError } from 'commander';

import type { Labels } from '../model/labels.ts';
import { expandHostlist } from '../plan/hostlist.ts';

type VariableValue = string | number | boolean;
export type Variables = Readonly<Record<string, VariableValue>>;

/** Numbers, true and false are such; quotes make a text of them: `version='"1.0"'`. */
export function parseVariable(text: string, before: Variables = {}): Variables {
  const [, name, value] = /^([a-zA-Z][a-zA-Z0-9]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('Write NAME=VALUE, for example slurmPartition=main.');
  }
  return { ...before, [name]: parseValue(value) };
}

function parseValue(text: string): VariableValue {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return Number(text);
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}

/** `rack=a1` */
export function parseLabel(text: string, before: Labels = {}): Labels {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('Write NAME=VALUE, for example rack=a1.');
  }
  return { ...before, [name]: value };
}

export interface Power {
  readonly switch: string;
  readonly port: number;
}

export function parsePower(text: string): Power {
  const [, name, port] = /^([^:]+):([1-9]\d{0,4})$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write SWITCH:PORT, for example sw1:7.');
  return { switch: name, port: Number(port) };
}

const removable = ['serial', 'mac', 'power'] as const;

/** As a merge patch: what is null is taken away. */
export interface Unset {
  readonly serial?: null;
  readonly mac?: null;
  readonly power?: null;
  readonly vars?: Readonly<Record<string, null>>;
  readonly labels?: Readonly<Record<string, null>>;
}

export function parseUnset(text: string, before: Unset = {}): Unset {
  const [, variable] = /^vars\.([a-zA-Z][a-zA-Z0-9]*)$/.exec(text) ?? [];
  if (variable !== undefined) return { ...before, vars: { ...before.vars, [variable]: null } };
  const [, label] = /^labels\.([a-zA-Z][a-zA-Z0-9._-]*)$/.exec(text) ?? [];
  if (label !== undefined) return { ...before, labels: { ...before.labels, [label]: null } };
  const field = removable.find((known) => known === text);
  if (field === undefined)
    throw new InvalidArgumentError(`Write one of: ${removable.join(', ')}, vars.NAME, labels.NAME.`);
  return { ...before, [field]: null };
}

/** `a,b` and repeated flags: one for each node. Host lists are written out. */
export function parseList(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...expandHostlist(text)];
}

/** What was given on the command line, without what was not. */
export function given(flags: object): object {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

const flagOf: Readonly<Record<string, string>> = { vars: 'var', labels: 'label' };

/** The first of several problems, as the flag that it is about. */
export function explainFlag(
  problems: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
) {
  const [problem] = problems;
  const [field] = problem?.path ?? [];
  const flag = flagOf[String(field)] ?? field;
  return `${flag === undefined ? '' : `--${flag}: `}${problem?.message ?? ''}`;
}
