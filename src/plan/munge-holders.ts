/** Who holds the munge key, as the role that he runs has it, and which one is it? */
import type { Boot } from '../model/boot.ts';
import { PiImageError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import type { Heartbeat } from '../model/node-status.ts';
import type { ClusterView } from '../model/view.ts';
import { hasAppliedOverlay, hasKernelReported } from './boot-timeline.ts';
import { heldKey, type MungeKeys } from './munge-key.ts';
import type { HolderFacts } from './munge-move.ts';
import { neededSecrets } from './overlay.ts';
import type { RunningRoles } from './role-change.ts';

export interface HolderSources {
  readonly view: ClusterView;
  /** Oldest first. */
  readonly boots: readonly Boot[];
  readonly running: RunningRoles;
  readonly heartbeatOf: (node: string) => Heartbeat | undefined;
}

export function mungeHolders(secret: string, keys: MungeKeys, sources: HolderSources): HolderFacts[] {
  const { view, running, heartbeatOf } = sources;
  const boots = new Map(sources.boots.filter(hasKernelReported).map((boot) => [boot.node, boot]));
  return view.nodes
    .filter((node) => holdsSecret({ ...node, role: running.get(node.name) ?? node.role }, secret, view))
    .map(({ name, role }) => {
      const boot = boots.get(name);
      const heartbeat = heartbeatOf(name);
      const isOfBoot = boot !== undefined && heartbeat?.boot === boot.id;
      return {
        node: name,
        isController: role === view.cluster.slurm?.controllerRole,
        // One that has no overlay yet comes for it by itself.
        isRunning: running.has(name) && boot !== undefined && hasAppliedOverlay(boot),
        holds: isOfBoot ? heldKey(boot, heartbeat, keys) : 'untold',
      };
    });
}

function holdsSecret(node: NodeSpec, secret: string, view: ClusterView): boolean {
  try {
    return neededSecrets(node, view).includes(secret);
  } catch (error) {
    // A role without its overlay boots nothing.
    if (error instanceof PiImageError) return false;
    throw error;
  }
}

/** Where munged looks for its key. */
const keyPath = 'etc/munge/munge.key';

/** The secret that overlays put there; undefined: nobody has one. */
export function mungeSecret({ overlays }: Pick<ClusterView, 'overlays'>): string | undefined {
  return [...overlays.values()].flatMap(({ spec }) => spec.files[keyPath]?.secret ?? [])[0];
}
