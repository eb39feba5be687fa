/** Begins and stops builds of images: one at a time, written down before anything happens. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { NotFoundError, RefusedError } from '../model/errors.ts';
import type { ImageBuild } from '../model/image-build.ts';
import { didYouMean } from '../model/nearest.ts';
import type { State } from '../model/state.ts';
import { requireMatch } from '../plan/etag.ts';
import { forgetBuilds, openBuild, withBuild } from '../plan/image-build-journal.ts';
import { nextOperationId } from '../plan/operation-list.ts';
import { taggedOperation } from '../plan/resource-tags.ts';
import { commit, type Edited, type Fleet } from './fleet.ts';
import type { CancelledOperation } from './start-operation.ts';

export type BuildOrder = Pick<ImageBuild, 'image' | 'packages' | 'squash'>;

export interface BuildFleet {
  readonly state: Fleet['state'];
  /** Names of images that have an image.yaml. */
  readonly images: () => Promise<readonly string[]>;
  /** The process of a build that goes on beside the service; undefined: there is none. */
  readonly otherBuild: () => Promise<number | undefined>;
  /** What the build would do, as "pi-image build --plan" prints it. @throws HostError */
  readonly plan: (order: BuildOrder) => Promise<readonly string[]>;
  readonly now: () => number;
}

export interface StartedBuild {
  readonly dryRun: boolean;
  /** Missing in a dry run. */
  readonly operation?: string;
  readonly image: string;
  /** Of a dry run: what it would do, line by line. */
  readonly plan?: string[];
}

/** @throws NotFoundError, RefusedError when another build goes on */
export async function startBuild(
  order: BuildOrder,
  { by, dryRun }: ChangeOptions,
  fleet: BuildFleet,
): Promise<Tagged<StartedBuild>> {
  await requireImage(order.image, fleet);
  await requireFree(fleet);
  if (dryRun) {
    const plan = [...(await fleet.plan(order))];
    return { answer: { dryRun, image: order.image, plan }, etag: undefined };
  }
  const begin = (before: State): Edited<StartedBuild> => {
    requireNone(before);
    const id = nextOperationId(before);
    const startedAtMs = fleet.now();
    const build: ImageBuild = {
      id,
      kind: 'image-build',
      by,
      ...order,
      startedAtMs,
      state: 'running',
      steps: [],
      log: [],
    };
    const kept = { ...before, imageBuilds: forgetBuilds(before.imageBuilds) };
    const events = [{ kind: 'operation.started', fields: { operation: id, image: order.image, by } }];
    return { state: withBuild(kept, build), events, answer: { dryRun, operation: id, image: order.image } };
  };
  return { answer: (await commit(fleet, begin, { dryRun })).answer, etag: undefined };
}

async function requireImage(image: string, { images }: BuildFleet): Promise<void> {
  const known = await images();
  if (known.includes(image)) return;
  throw new NotFoundError(`there is no image ${image} to build${didYouMean(image, known)}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}

async function requireFree({ state, otherBuild }: BuildFleet): Promise<void> {
  requireNone(state.current());
  const pid = await otherBuild();
  if (pid === undefined) return;
  throw new RefusedError(`another build goes on: process ${pid} of the storage node`, {
    hint: 'It was begun on the command line there. Wait until it has ended.',
  });
}

function requireNone(state: State): void {
  const other = openBuild(state);
  if (other === undefined) return;
  throw new RefusedError(`operation ${other.id} builds ${other.image}, and there is one build at a time`, {
    hint: `Wait for it, "pi-image operation watch ${other.id}", or stop it: "pi-image operation cancel ${other.id}".`,
  });
}

/** Its programs are told to end; what was made before stays in the cache. @throws NotFoundError, ChangedError, RefusedError */
export async function cancelBuild(
  id: string,
  { by, dryRun, ifMatch }: ChangeOptions,
  fleet: Pick<Fleet, 'state'>,
): Promise<Tagged<CancelledOperation>> {
  const cancel = (before: State): Edited<CancelledOperation> => {
    const build = before.imageBuilds[id];
    if (build === undefined) throw new NotFoundError(`there is no operation ${id}`);
    requireMatch(`operation ${id}`, taggedOperation(build), ifMatch);
    if (build.endedAtMs !== undefined) throw new RefusedError(`operation ${id} has ended: ${build.state}`);
    const answer = { operation: id, dryRun, goOn: [] };
    if (build.state === 'stopping') return { state: before, events: [], answer };
    const stopped: ImageBuild = { ...build, state: 'stopping', reason: `cancelled by ${by}` };
    const events = [{ kind: 'operation.stopping', fields: { operation: id, by } }];
    return { state: withBuild(before, stopped), events, answer };
  };
  return { answer: (await commit(fleet, cancel, { dryRun })).answer, etag: undefined };
}
