/** What a file says, rightly, and this version does not act on. Said aloud, so that nobody waits for it. */
import { defaultDeadlineMs, type Cluster } from '../model/cluster.ts';
import type { Problem } from '../model/problem.ts';

/** Paths are those of cluster.yaml. */
export function noteUnused(cluster: Cluster): Problem[] {
  const notes: Problem[] = [];
  const note = (path: Problem['path'], message: string) => notes.push({ path, message });
  if (cluster.network.hold !== undefined) {
    note(['network', 'hold'], 'unknown boards get an address and are listed; they are not booted by this version');
  }
  for (const name of Object.keys(cluster.switches)) {
    note(['switches', name], 'power is not switched by this version');
  }
  for (const [name, role] of Object.entries(cluster.roles)) {
    if (role.ready.length > 0) {
      note(
        ['roles', name, 'ready'],
        'units are not waited for by this version: a node is up when its overlay is in place',
      );
    }
    if (role.deadline !== defaultDeadlineMs) {
      note(['roles', name, 'deadline'], 'a node that is late is not acted on by this version');
    }
  }
  return notes;
}
