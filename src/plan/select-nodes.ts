/** Which nodes does a selector name? `node[01-08]`, `@compute`, `rack=a1`, names, and lists of these. */
import { ConfigError } from '../model/errors.ts';
import { hasLabel } from '../model/labels.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import { compressHostlist, expandHostlist } from './hostlist.ts';

/** In the order of `nodes`, each once. @throws ConfigError that names what does not exist */
export function selectNodes(selectors: readonly string[], nodes: readonly NodeSpec[]): NodeSpec[] {
  const chosen = new Set(
    selectors.flatMap((selector) => expandHostlist(selector)).flatMap((word) => pick(word, nodes)),
  );
  return nodes.filter((node) => chosen.has(node.name));
}

/** Does this word name nodes by what they are, and not by their name? */
export function isByProperty(word: string): boolean {
  return word.startsWith('@') || word.includes('=');
}

function pick(word: string, nodes: readonly NodeSpec[]): string[] {
  if (word.includes('=')) return pickByLabel(word, nodes);
  if (!word.startsWith('@')) {
    if (nodes.some((node) => node.name === word)) return [word];
    const names = nodes.map((node) => node.name);
    const hint =
      names.length > 0 ? `Nodes are: ${compressHostlist(names)}.` : 'Add nodes with "pi-image apply -f nodes.yaml".';
    throw new ConfigError(`there is no node ${word}${didYouMean(word, names)}`, { hint });
  }
  const role = word.slice(1);
  const members = nodes.filter((node) => node.role === role).map((node) => node.name);
  if (members.length > 0) return members;
  const roles = new Set(nodes.map((node) => node.role));
  throw new ConfigError(`no node has the role ${role}${didYouMean(role, roles)}`);
}

function pickByLabel(word: string, nodes: readonly NodeSpec[]): string[] {
  const found = nodes.filter((node) => hasLabel(node.labels, word)).map((node) => node.name);
  if (found.length > 0) return found;
  const known = new Set(nodes.flatMap(({ labels = {} }) => Object.entries(labels).map((label) => label.join('='))));
  throw new ConfigError(`no node has the label ${word}${didYouMean(word, known)}`);
}
