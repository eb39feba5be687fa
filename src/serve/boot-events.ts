/** What happened to a boot, as events: read off how it was and how it is. */
import type { Boot } from '../model/boot.ts';
import type { NewEvent } from '../model/event.ts';

export function bootEvents(before: Boot | undefined, after: Boot): NewEvent[] {
  if (before === after) return [];
  const known = before?.phases ?? [];
  return [
    ...(before === undefined ? [begun(after)] : []),
    ...after.phases
      .filter(({ phase }) => !known.some((each) => each.phase === phase) && !endPhases.has(phase))
      .map(({ phase, detail }) => eventOf(after, 'boot.phase', { phase, detail })),
    ...ended(before, after),
  ];
}

/** The end of the boot tells these. */
const endPhases: ReadonlySet<string> = new Set(['ready', 'failed']);

function begun(boot: Boot): NewEvent {
  const { address, mac, generation, image, role } = boot;
  return eventOf(boot, 'boot.begun', { address, mac, generation, image, role });
}

/** `boot.ready`, `boot.failed`, `boot.silent`, `boot.restarted`, `boot.handed-over`; a boot that is late may still become ready. */
function ended(before: Boot | undefined, after: Boot): NewEvent[] {
  const { closed } = after;
  if (closed === undefined || closed.reason === before?.closed?.reason) return [];
  const seconds = Math.round((closed.atMs - after.startedAtMs) / 100) / 10;
  return [eventOf(after, `boot.${closed.reason}`, { seconds, cause: closed.cause })];
}

function eventOf(boot: Boot, kind: string, fields: NonNullable<NewEvent['fields']>): NewEvent {
  return { kind, node: boot.node, fields: { boot: boot.id, ...fields } };
}
