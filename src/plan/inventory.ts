/** The nodes as other programs list them: by role, by board, by labels, and by variables of their own. Ansible's form stands here. */
import type { Variables } from '../model/names.ts';
import type { NodeSpec } from '../model/node.ts';
import { compareNames } from './hostlist.ts';
import { labelWords, ownLabels } from './node-labels.ts';

export interface Inventory {
  /** In natural order of their names, where they were seen last. */
  readonly nodes: readonly NodeSpec[];
  /** Role -> its variables. */
  readonly roleVars: Readonly<Record<string, Variables>>;
}

/** What a node belongs to: `role` compute, `board` pi5, `label_rack` a1, `slots` 4. */
export interface Membership {
  readonly of: string;
  readonly value: string;
}

export function membershipsOf({ role, board, labels, vars }: NodeSpec): Membership[] {
  const given = [
    { of: 'role', value: role },
    { of: 'board', value: board },
    ...labelWords(labels).map(([name, value]) => ({ of: `label_${name}`, value })),
  ];
  // A variable of the same name would say the same twice.
  const taken = new Set(given.map(({ of }) => of));
  const own = ownLabels(vars).filter(([name]) => !taken.has(name));
  return [...given, ...own.map(([of, value]) => ({ of, value }))];
}

/** Group -> names of its nodes, both in order. */
export function groupNodes(
  nodes: readonly NodeSpec[],
  groupsOf: (node: NodeSpec) => readonly string[],
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const node of nodes) {
    for (const group of new Set(groupsOf(node))) groups.set(group, [...(groups.get(group) ?? []), node.name]);
  }
  return new Map([...groups].toSorted(([a], [b]) => compareNames(a, b)));
}

/** What `--list` answers: groups, and `_meta`, so that nobody asks for each host. */
export function ansibleList({ nodes, roleVars }: Inventory): Record<string, unknown> {
  const groups = groupNodes(nodes, (node) => membershipsOf(node).map(ansibleGroup));
  const varsOf = new Map(
    Object.entries(roleVars).map(([role, vars]) => [ansibleGroup({ of: 'role', value: role }), vars]),
  );
  const entries = [...groups].map(([group, hosts]) => {
    const vars = varsOf.get(group) ?? {};
    return [group, { hosts, ...(Object.keys(vars).length > 0 && { vars }) }] as const;
  });
  return {
    _meta: { hostvars: Object.fromEntries(nodes.map((node) => [node.name, ansibleHost(node)])) },
    all: { children: ['ungrouped', ...groups.keys()] },
    ...Object.fromEntries(entries),
  };
}

/** What `--host` answers. What we know stands under one name: `serial` and others are words of Ansible itself. */
export function ansibleHost({ name, address, vars, ...node }: NodeSpec): Record<string, unknown> {
  return { ansible_host: address, ansible_user: 'root', pi_image: { name, address, ...node }, ...vars };
}

/** Ansible's names of groups are like those of variables. */
function ansibleGroup({ of, value }: Membership): string {
  return `${of}_${value}`.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
