/** What a node is grouped by beside its role and board: its own variables, as `rack: a`. */
import type { Variables } from '../model/names.ts';

export function ownLabels(vars: Variables): [name: string, value: string][] {
  return Object.entries(vars).map(([name, value]) => [name, String(value)]);
}
