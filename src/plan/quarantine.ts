/** What did not come up is not booted again unawares: until what a node is to boot is another generation, or it came up in it after all. */
import type { Boot } from '../model/boot.ts';
import type { Quarantined } from '../model/operation.ts';
import type { State } from '../model/state.ts';
import { hasComeUp } from './boot-timeline.ts';

/** `node01 did not come up in it in operation 12: slurmd.service failed` @param as ` as login` */
export function whyQuarantined(node: string, { operation, cause }: Quarantined, as = ' in it'): string {
  const where = operation === undefined ? '' : ` in operation ${operation}`;
  return `${node} did not come up${as}${where}: ${cause}`;
}

/** Somebody tried these again, and was right. @param bootsOf a node */
export function provedSince(
  { quarantine }: Pick<State, 'quarantine'>,
  bootsOf: (node: string) => readonly Boot[],
): string[] {
  return Object.entries(quarantine).flatMap(([id, { node, atMs }]) =>
    bootsOf(node).some((boot) => boot.generation === id && boot.startedAtMs > atMs && hasComeUp(boot)) ? [id] : [],
  );
}
