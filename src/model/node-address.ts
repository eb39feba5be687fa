/** A node at the address that another DHCP server gave its board: the owner's word stays beside it. */
import type { Ipv4Address } from './ipv4.ts';
import type { NodeSpec } from './node.ts';

/** What was planned for a node at an address holds: it is the same object each time. */
const moved = new WeakMap<NodeSpec, NodeSpec>();
const written = new WeakMap<NodeSpec, NodeSpec>();

export function withAddress(node: NodeSpec, address: Ipv4Address): NodeSpec {
  const before = asWritten(node);
  if (before.address === address) return before;
  const known = moved.get(before);
  if (known?.address === address) return known;
  const made = { ...before, address };
  moved.set(before, made);
  written.set(made, before);
  return made;
}

/** With the address that stands in nodes.yaml. */
export function asWritten(node: NodeSpec): NodeSpec {
  return written.get(node) ?? node;
}
