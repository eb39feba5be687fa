/** A build of an image as an operation. */
import { z } from 'zod';

import { buildPackages, ImageBuild } from '../../model/image-build.ts';

export const BuildRequest = z.strictObject({
  /** `kept` as the package lock says, `update` with newer ones as a layer, `anew` with a new base, `offline` without a network. */
  packages: z.enum(buildPackages).default('kept'),
  /** Also the squashfs, for roles with `root: squash` or `ram`. */
  squash: z.boolean().default(false),
});
export type BuildRequest = Readonly<z.output<typeof BuildRequest>>;

export const StartedBuild = z.strictObject({
  dryRun: z.boolean(),
  /** Missing in a dry run. */
  operation: z.string().optional(),
  image: z.string(),
  /** Of a dry run: what it would do, as `pi-image build --plan` prints it. */
  plan: z.array(z.string()).optional(),
});
export type StartedBuild = Readonly<z.output<typeof StartedBuild>>;

/** Steps that have ended, and the one that goes on. */
const Counts = z.strictObject({ done: z.int(), running: z.int() });

/** None: it is not about nodes. */
const nodes = z.array(z.string()).max(0);

export const ShownBuild = ImageBuild.omit({ leader: true, begunAtMs: true }).extend({ nodes, counts: Counts });
export type ShownBuild = Readonly<z.output<typeof ShownBuild>>;

export const ListedBuild = ShownBuild.omit({ log: true, steps: true });
export type ListedBuild = Readonly<z.output<typeof ListedBuild>>;

export const buildRequestExample = { packages: 'update', squash: false };

export const startedBuildExample = { dryRun: false, operation: '14', image: 'debian-lite' };

export const plannedBuildExample = {
  dryRun: true,
  image: 'debian-lite',
  plan: ['cached  base       debian trixie', 'run     cluster    slurmd, munge'],
};

export const listedBuildExample = {
  id: '14',
  kind: 'image-build',
  by: 'ci',
  image: 'debian-lite',
  packages: 'update',
  squash: false,
  startedAtMs: 1_795_262_400_000,
  state: 'running',
  nodes: [],
  counts: { done: 1, running: 1 },
};

export const shownBuildExample = {
  ...listedBuildExample,
  steps: [
    { index: 2, total: 8, title: 'packages of cluster', startedAtMs: 1_795_262_403_000, endedAtMs: 1_795_262_441_000 },
    { index: 3, total: 8, title: 'files of site', startedAtMs: 1_795_262_441_000, detail: 'running setup.sh' },
  ],
  log: ['  slurmd 24.11.5-4 -> 24.11.6-1'],
};
