/** May this cluster get another munge key now, and what becomes of its nodes? */
import type { MungeNode } from '../model/munge-rotation.ts';
import { compressHostlist } from './hostlist.ts';
import type { HolderFacts } from './munge-move.ts';

export type RotationStart =
  | { readonly kind: 'starts'; readonly nodes: readonly MungeNode[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly hint: string };

/** @param force nodes that do not tell their key are left to their next boot */
export function planRotation(holders: readonly HolderFacts[], force: boolean): RotationStart {
  const deaf = holders.filter(({ isRunning, holds }) => isRunning && holds !== 'old');
  const controller = deaf.find(({ isController }) => isController);
  if (controller !== undefined) {
    return {
      kind: 'refused',
      reason: `${controller.node}, the Slurm controller, ${whyDeaf(controller)}`,
      hint: `Reboot it, so that it has today's overlays: "pi-image node reboot ${controller.node}".`,
    };
  }
  if (deaf.length > 0 && !force) {
    const names = compressHostlist(deaf.map(({ node }) => node));
    return {
      kind: 'refused',
      reason: `${names}: ${deaf.length === 1 ? 'it' : 'each'} ${whyDeaf(deaf[0])}`,
      hint: 'Slurm would lose them and their jobs. Reboot them first, or leave them to their next boot with --force.',
    };
  }
  return { kind: 'starts', nodes: holders.map(planNode) };
}

function planNode({ node, isRunning, holds }: HolderFacts): MungeNode {
  if (!isRunning) return { node, state: 'next-boot', detail: 'it is not heard' };
  if (holds === 'old') return { node, state: 'waiting' };
  return { node, state: 'next-boot', detail: 'it does not tell which key it has' };
}

function whyDeaf(holder: HolderFacts | undefined): string {
  return holder?.holds === 'other' ? 'has another munge key' : 'does not tell which munge key it has';
}
