/** Closes boots that are late or silent, and forgets old ones with what they were promised. */
import type { Boot } from '../model/boot.ts';
import { defaultDeadlineMs } from '../model/cluster.ts';
import { pruneBoots } from '../plan/boot-timeline.ts';
import { endOverdue, type OverdueFacts } from '../plan/overdue.ts';
import type { Beginnings } from './begin-boots.ts';
import { bootEvents } from './boot-events.ts';
import type { BootsDeps } from './boots-deps.ts';

export async function tidy(deps: BootsDeps, beginnings: Beginnings): Promise<void> {
  const { file, frozen, held, log } = deps;
  const end = (boot: Boot) => (boot.closed === undefined ? endOverdue(boot, overdueFacts(deps, boot)) : boot);
  const before = file.current().boots;
  const after = before.map(end);
  const events = after.flatMap((boot, index) => bootEvents(before[index], boot));
  if (events.length === 0 && pruneBoots(before).length === before.length) return;
  for (const { kind, node, fields } of events) log.warn(kind, { node, ...fields });
  await file.update((current) => ({ ...current, boots: pruneBoots(current.boots.map(end)) }), events);
  const used = [...file.current().boots, ...beginnings.values()].map(({ generation }) => generation);
  await frozen.keepOnly(new Set([...used, ...(held?.() ?? [])]));
}

function overdueFacts({ frozen, site, health, now }: BootsDeps, { generation, node }: Boot): OverdueFacts {
  const role = frozen.get(generation)?.generation.role ?? '';
  const deadlineMs = site.view().cluster.roles[role]?.deadline ?? defaultDeadlineMs;
  const problems = health.parts().map(({ name, problems: [first] }) => [name, first] as const);
  const board = site.view().nodes.find(({ name }) => name === node)?.board;
  return { deadlineMs, problems: Object.fromEntries(problems), board, nowMs: now() };
}
