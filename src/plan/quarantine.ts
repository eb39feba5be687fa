/** What did not come up is not booted again unawares: until what a node is to boot is another generation. */
import type { Quarantined } from '../model/operation.ts';

/** `node01 did not come up in it in operation 12: slurmd.service failed` @param as ` as login` */
export function whyQuarantined(node: string, { operation, cause }: Quarantined, as = ' in it'): string {
  const where = operation === undefined ? '' : ` in operation ${operation}`;
  return `${node} did not come up${as}${where}: ${cause}`;
}
