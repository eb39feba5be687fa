/** What the ETags of resources are made of: what somebody decides about them, not what becomes of it by itself. */
import type { ApiToken } from '../model/api-token.ts';
import type { Rollout } from '../model/rollout.ts';
import type { ClusterView } from '../model/view.ts';

/** As cluster.yaml has it, with the version of its image that was chosen; its nodes have tags of their own. */
export function taggedRole(name: string, { cluster }: Pick<ClusterView, 'cluster'>): object {
  return { role: name, ...cluster.roles[name] };
}

/** Nodes of a wave come and go; what may be decided of it changes with its state and from wave to wave. */
export function taggedRollout({ id, state, wave }: Pick<Rollout, 'id' | 'state' | 'wave'>): object {
  return { rollout: id, state, wave };
}

/** Of nodes, of a build or of a rotation: its steps go on, and change nothing of what may be decided of it. */
export function taggedOperation({ id, state }: { readonly id: string; readonly state: string }): object {
  return { operation: id, state };
}

/** A name is given again when its token has gone: that is another one. */
export function taggedToken({ id, name }: Pick<ApiToken, 'id' | 'name'>): object {
  return { token: name, id };
}

export function taggedVersion(image: string, version: string, isPinned: boolean): object {
  return { image, version, isPinned };
}
