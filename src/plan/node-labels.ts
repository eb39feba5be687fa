/** What a node is grouped by beside its role and board: its labels, and its own variables, as `rack: a`. */
import type { Labels } from '../model/labels.ts';
import type { Variables } from '../model/names.ts';

export function ownLabels(vars: Variables): [name: string, value: string][] {
  return Object.entries(vars).map(([name, value]) => [name, String(value)]);
}

/** Of nodes.yaml, by names that other programs take: `a.b-c` is a_b_c. Of those that are then alike the first counts. */
export function labelWords(labels: Labels = {}): [name: string, value: string][] {
  const words = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    const word = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
    if (!words.has(word)) words.set(word, value);
  }
  return [...words];
}
