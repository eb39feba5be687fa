/** Boots as they end: of a node that comes up, and of one whose units fail. */
import type { Boot } from '../../src/model/boot.ts';
import { beginBoot, reportPhase } from '../../src/plan/boot-timeline.ts';

const beginning = { mac: '2c:cf:67:01:02:03', address: '10.42.0.11', token: 'secret', sign: 'discover' } as const;

/** @param atMs when it ends; it begins half a minute before @param phases what the node says, the last of them then */
export function endedBoot(
  node: string,
  generation: string,
  atMs: number,
  phases: readonly Parameters<typeof reportPhase>[1]['phase'][],
  detail?: string,
): Boot {
  const id = `${node}-${generation.slice(0, 12)}-${atMs}`;
  const begun = beginBoot({ ...beginning, id, node, generation, nowMs: atMs - 30_000 });
  const keyed: Boot = { ...begun, key: 'key' };
  return phases.reduce((boot, phase, index) => {
    const said = index === phases.length - 1 ? detail : undefined;
    return reportPhase(boot, { phase, uptimeSeconds: 9, detail: said, leavesAgent: true }, atMs);
  }, keyed);
}

export const cameUp = (node: string, generation: string, atMs: number): Boot =>
  endedBoot(node, generation, atMs, ['kernel', 'overlay', 'userspace', 'ready']);

export const unitsFailed = (node: string, generation: string, atMs: number): Boot =>
  endedBoot(node, generation, atMs, ['kernel', 'overlay', 'userspace', 'failed'], 'slurmd.service: killed');
