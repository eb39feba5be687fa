/** What would a new list of nodes change? Told before it is applied. */
import type { NodeSpec } from '../model/node.ts';
import { canonicalJson } from './canonical-json.ts';

export type NodeChange =
  | { readonly kind: 'added'; readonly node: NodeSpec }
  | { readonly kind: 'removed'; readonly node: NodeSpec }
  | { readonly kind: 'changed'; readonly node: NodeSpec; readonly fields: readonly FieldChange[] };

export interface FieldChange {
  readonly field: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** By name: removed ones first, then the others in the order of the new list. */
export function diffNodes(before: readonly NodeSpec[], after: readonly NodeSpec[]): NodeChange[] {
  const old = new Map(before.map((node) => [node.name, node]));
  const names = new Set(after.map(({ name }) => name));
  const removed = before.filter(({ name }) => !names.has(name)).map((node): NodeChange => ({ kind: 'removed', node }));
  const others = after.flatMap((node): NodeChange[] => {
    const was = old.get(node.name);
    if (was === undefined) return [{ kind: 'added', node }];
    const fields = diffFields(was, node);
    return fields.length === 0 ? [] : [{ kind: 'changed', node, fields }];
  });
  return [...removed, ...others];
}

function diffFields(before: NodeSpec, after: NodeSpec): FieldChange[] {
  const old = new Map(fieldsOf(before));
  const now = new Map(fieldsOf(after));
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((field) => ({ field, before: old.get(field), after: now.get(field) }))
    .filter((change) => change.before !== change.after);
}

/** `vars.cpus`, `labels.rack` and `power.port` are fields of their own. */
function fieldsOf({ vars, labels, power, ...plain }: NodeSpec): [string, string][] {
  const groups = [...prefixed('vars', vars), ...prefixed('labels', labels ?? {}), ...prefixed('power', power ?? {})];
  return [...Object.entries(plain), ...groups]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, typeof value === 'string' ? value : canonicalJson(value)]);
}

function prefixed(prefix: string, values: object): [string, unknown][] {
  return Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]);
}
