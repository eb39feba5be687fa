/** What differs between the boot plans of two nodes, and which of it only because they have other names and addresses? */
import type { NodeSpec } from '../model/node.ts';
import type { RoleDiff } from '../model/role-diff.ts';
import type { ClusterView } from '../model/view.ts';
import { diffFiles, diffRoles } from './role-change-diff.ts';
import { roleSide, type RoleSide } from './role-change-side.ts';
import { unifiedDiff } from './unified-diff.ts';

export interface NodeDiff extends Omit<RoleDiff, 'generation'> {
  readonly nodes: { readonly from: string; readonly to: string };
  readonly board: { readonly from: string; readonly to: string };
  /** Words that only one of them has, once names and addresses are the same. */
  readonly commandLine: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Unified diff of config.txt. */
  readonly configTxt: string | undefined;
  /** Files that differ by name, serial, MAC and address alone: in neither `files` nor `patches`. */
  readonly ofIdentity: readonly string[];
}

/** @throws ConfigError that says why one of them cannot boot */
export function diffNodes(from: NodeSpec, to: NodeSpec, view: ClusterView): NodeDiff {
  const [one, other] = [roleSide(from, view), roleSide(to, view)];
  const { generation: _own, ...all } = diffRoles(one, other);
  // The first node, had it the name and the addresses of the second.
  const renamed = roleSide(withIdentity(from, to), view);
  const { files, patches } = diffFiles(renamed, other);
  const still = new Set([...files.added, ...files.changed, ...files.removed]);
  const ofIdentity = all.files.changed.filter((path) => !still.has(path));
  return {
    ...all,
    nodes: { from: from.name, to: to.name },
    board: { from: from.board, to: to.board },
    files,
    patches,
    commandLine: changedWords(wordsOf(renamed), wordsOf(other)),
    configTxt: unifiedDiff(renamed.generation.configTxt, other.generation.configTxt),
    ofIdentity,
  };
}

function withIdentity({ name: _n, serial: _s, mac: _m, address: _a, ...rest }: NodeSpec, like: NodeSpec): NodeSpec {
  const { name, serial, mac, address } = like;
  return { ...rest, name, address, ...(serial !== undefined && { serial }), ...(mac !== undefined && { mac }) };
}

const wordsOf = ({ generation }: RoleSide) => generation.commandLine.split(' ');

function changedWords(from: readonly string[], to: readonly string[]): NodeDiff['commandLine'] {
  return { added: to.filter((word) => !from.includes(word)), removed: from.filter((word) => !to.includes(word)) };
}
