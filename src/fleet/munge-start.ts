/** Begins and stops a rotation of the munge key: decided on the state as it is, written down before anything happens. */
import type { Secrets } from '../host/secrets.ts';
import type { ChangeOptions, Tagged } from '../model/change.ts';
import type { SecretSpec } from '../model/cluster.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { MungeNode, MungeRotation } from '../model/munge-rotation.ts';
import type { State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { requireMatch } from '../plan/etag.ts';
import { mungeSecret } from '../plan/munge-holders.ts';
import { canCancel, forgetRotations, withRotation } from '../plan/munge-journal.ts';
import type { MungeKeys } from '../plan/munge-key.ts';
import type { HolderFacts } from '../plan/munge-move.ts';
import { planRotation } from '../plan/munge-start.ts';
import { requireNoOperation } from '../plan/operation-guard.ts';
import { nextOperationId } from '../plan/operation-list.ts';
import { taggedOperation } from '../plan/resource-tags.ts';
import { commit, type Edited, type Fleet } from './fleet.ts';
import type { PartitionControl } from './munge-slurm.ts';
import type { CancelledOperation } from './start-operation.ts';

export interface RotationFleet {
  readonly state: Fleet['state'];
  readonly view: () => ClusterView;
  readonly partitions: PartitionControl;
  readonly secrets: Pick<Secrets, 'clusterSecret'>;
  readonly holders: (secret: string, keys: MungeKeys) => readonly HolderFacts[];
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface StartedRotation {
  readonly dryRun: boolean;
  /** Missing in a dry run. */
  readonly operation?: string;
  readonly secret: string;
  /** Those that are closed meanwhile. */
  readonly partitions: string[];
  readonly nodes: MungeNode[];
}

/** @throws NotFoundError, RefusedError, HostError where the controller does not answer */
export async function startRotation(
  name: string,
  { force }: { readonly force: boolean },
  options: ChangeOptions,
  fleet: RotationFleet,
): Promise<Tagged<StartedRotation>> {
  const [secret, spec] = secretNamed(name, fleet.view());
  const old = await fleet.secrets.clusterSecret(secret, spec);
  const holders = () => fleet.holders(secret, { old, new: undefined });
  const isSlurmUp = holders().some(({ isController, isRunning }) => isController && isRunning);
  const partitions = isSlurmUp ? await openPartitions(fleet) : [];
  const begin = (before: State): Edited<StartedRotation> => {
    // Nodes that are taken through another operation at the same time would be waited for in vain.
    requireNoOperation(before);
    const plan = planRotation(holders(), force);
    if (plan.kind === 'refused') throw new RefusedError(plan.reason, { hint: plan.hint });
    const nodes = [...plan.nodes];
    const answer: StartedRotation = { dryRun: options.dryRun, secret, partitions, nodes };
    const rotation = journalOf(answer, { id: nextOperationId(before), by: options.by, nowMs: fleet.now() });
    const kept = { ...before, mungeRotations: forgetRotations(before.mungeRotations) };
    const fields = { operation: rotation.id, secret, partitions: partitions.join(','), by: options.by };
    return {
      state: withRotation(kept, rotation),
      events: [{ kind: 'operation.started', fields }],
      answer: { ...answer, ...(!options.dryRun && { operation: rotation.id }) },
    };
  };
  return { answer: (await commit(fleet, begin, options)).answer, etag: undefined };
}

/** Its name, or `munge`. @throws NotFoundError, RefusedError */
function secretNamed(
  name: string,
  view: ClusterView,
): readonly [string, Extract<SecretSpec, { generateBytes: number }>] {
  const secret = mungeSecret(view);
  if (secret === undefined || (name !== 'munge' && name !== secret)) {
    throw new NotFoundError(`${name} is not the secret that overlays put into etc/munge/munge.key`, {
      hint: secret === undefined ? 'No overlay has a munge key.' : `That is ${secret}. See "pi-image secret list".`,
    });
  }
  const spec = view.cluster.secrets[secret];
  if (spec === undefined) throw new NotFoundError(`cluster.yaml has no secret ${secret}`);
  if ('file' in spec) {
    throw new RefusedError(`${secret} is the file ${spec.file}, which is yours: it is never written to`, {
      hint: `Let pi-image keep it: copy it to secrets/cluster/${secret} in the state directory, 0600, and write "${secret}: { generateBytes: 128 }" in cluster.yaml.`,
    });
  }
  return [secret, spec];
}

async function openPartitions({ partitions, signal }: RotationFleet): Promise<string[]> {
  if (!partitions.isThere()) return [];
  const states = await partitions.states(signal);
  return [...states].flatMap(([name, state]) => (state === 'UP' ? [name] : []));
}

function journalOf(
  { secret, partitions, nodes }: StartedRotation,
  { id, by, nowMs }: { id: string; by: string; nowMs: number },
): MungeRotation {
  return {
    id,
    kind: 'munge-rotation',
    by,
    secret,
    partitions: [...partitions],
    startedAtMs: nowMs,
    state: 'running',
    steps: [{ step: 'close', startedAtMs: nowMs }],
    nodes: [...nodes],
  };
}

/** The old key comes back. @throws NotFoundError, ChangedError, RefusedError */
export async function cancelRotation(
  id: string,
  { by, dryRun, ifMatch }: ChangeOptions,
  fleet: Pick<Fleet, 'state'>,
): Promise<Tagged<CancelledOperation>> {
  const cancel = (before: State): Edited<CancelledOperation> => {
    const rotation = before.mungeRotations[id];
    if (rotation === undefined) throw new NotFoundError(`there is no operation ${id}`);
    requireMatch(`operation ${id}`, taggedOperation(rotation), ifMatch);
    if (rotation.endedAtMs !== undefined) throw new RefusedError(`operation ${id} has ended: ${rotation.state}`);
    const answer = { operation: id, dryRun, goOn: [] };
    if (rotation.state === 'stopping') return { state: before, events: [], answer };
    if (!canCancel(rotation)) throw new RefusedError(`operation ${id} has got too far: it is about to end`);
    const stopped: MungeRotation = { ...rotation, state: 'stopping', reason: `cancelled by ${by}` };
    const events = [{ kind: 'operation.stopping', fields: { operation: id, by } }];
    return { state: withRotation(before, stopped), events, answer };
  };
  return { answer: (await commit(fleet, cancel, { dryRun })).answer, etag: undefined };
}
