/** What does a node run now, and can it be told to reboot? Read off its newest boot. */
import type { Boot } from '../model/boot.ts';
import type { Event } from '../model/event.ts';
import type { Generation } from '../model/generation.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { hasKernelReported } from './boot-timeline.ts';
import type { RunningRoles } from './role-change.ts';

/**
 * A board that has asked for an address again has been reset: what it ran before, it runs no more.
 * @param boots oldest first
 * @param isSilent its heartbeats have ended: it is taken to be off
 */
export function runningRoles(
  boots: readonly Boot[],
  generations: ReadonlyMap<string, Generation>,
  isSilent: (boot: Boot) => boolean,
): RunningRoles {
  const newest = new Map(boots.map((boot) => [boot.node, boot]));
  const running = [...newest.values()].filter((boot) => isRunning(boot) && !isSilent(boot));
  return new Map(
    running.flatMap((boot) => {
      const role = generations.get(boot.generation)?.role;
      return role === undefined ? [] : [[boot.node, role] as const];
    }),
  );
}

function isRunning(boot: Boot): boolean {
  if (!hasKernelReported(boot)) return false;
  const end = boot.closed?.reason;
  // Units that fail do not end the others; an initramfs that fails starts none.
  if (end === 'failed') return boot.phases.some(({ phase }) => phase === 'overlay');
  return end !== 'silent' && end !== 'restarted';
}

export type RebootDecision =
  /** Where it listens: its address may be another one from its next boot on. */
  { readonly kind: 'ssh'; readonly address: Ipv4Address } | { readonly kind: 'off'; readonly reason: string };

/** @param last its newest boot */
export function decideReboot(name: string, last: Boot | undefined, hasHeartbeat: boolean): RebootDecision {
  if (last === undefined) return { kind: 'off', reason: `${name} has never booted` };
  const end = last.closed?.reason;
  const isUp = end === undefined || end === 'ready' || end === 'handed-over';
  if (isUp || hasHeartbeat) return { kind: 'ssh', address: last.address as Ipv4Address };
  return { kind: 'off', reason: `${name} does not run, as far as is known: its last boot ended as ${end}` };
}

/** What a service that was killed has promised and may not have done; an older promise is not what is wanted now. */
const promiseMs = 60_000;

/**
 * Nodes that were to be told to reboot, of which nothing was heard since.
 * @param events oldest first
 */
export function pendingReboots(
  events: readonly Event[],
  boots: readonly Boot[],
  nowMs: number,
): { readonly node: string; readonly address: Ipv4Address }[] {
  const open = new Map<string, Event>();
  for (const event of events) {
    if (event.node === undefined) continue;
    if (event.kind === 'node.reboot-asked') open.set(event.node, event);
    if (event.kind === 'node.rebooting' || event.kind === 'node.reboot-failed') open.delete(event.node);
  }
  return [...open].flatMap(([node, { atMs, fields }]) => {
    const { address } = fields;
    const hasBooted = boots.some((boot) => boot.node === node && boot.startedAtMs >= atMs);
    const isOld = nowMs - atMs >= promiseMs;
    return hasBooted || isOld || typeof address !== 'string' ? [] : [{ node, address: address as Ipv4Address }];
  });
}
