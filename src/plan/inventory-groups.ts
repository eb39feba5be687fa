/** Groups of nodes for shells on many of them: genders for pdsh, ClusterShell's for clush and nodeset. */
import type { NodeSpec } from '../model/node.ts';
import { compressHostlist } from './hostlist.ts';
import { groupNodes, membershipsOf, type Membership } from './inventory.ts';

/** A value with a space or a comma would end the attribute, or begin another group. */
const isWord = ({ value }: Membership) => /^[\w.+-]+$/.test(value);

/** genders(3): `node01 compute,role=compute,board=pi5`. The bare role is there for `pdsh -g compute`. */
export function gendersText(nodes: readonly NodeSpec[]): string {
  const lines = nodes.map((node) => {
    const attributes = membershipsOf(node)
      .filter(isWord)
      .map(({ of, value }) => `${of}=${value}`);
    return `${node.name} ${[node.role, ...attributes].join(',')}\n`;
  });
  return `# Written by "pi-image inventory -o genders".\n${lines.join('')}`;
}

/** One source of groups for each thing that nodes are grouped by: `@role:compute`, `@rack:a`. */
export function clusterShellGroups(nodes: readonly NodeSpec[]): Record<string, Record<string, string>> {
  const sources = new Set(nodes.flatMap((node) => membershipsOf(node).map(({ of }) => of)));
  return Object.fromEntries([...sources].map((source) => [source, groupsOf(source, nodes)]));
}

function groupsOf(source: string, nodes: readonly NodeSpec[]): Record<string, string> {
  const groups = groupNodes(nodes, (node) =>
    membershipsOf(node)
      .filter((each) => each.of === source && isWord(each))
      .map(({ value }) => value),
  );
  const all = { all: compressHostlist(nodes.map(({ name }) => name)) };
  return { ...all, ...Object.fromEntries([...groups].map(([group, names]) => [group, compressHostlist(names)])) };
}
