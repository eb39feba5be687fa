/** Overlays: which there are, and what each needs and brings. Contents are in no answer: templates may hold what is not for all. */
import { z } from 'zod';

import { OverlaySpec } from '../../model/overlay-spec.ts';

export const Overlay = z.strictObject({
  name: z.string(),
  summary: z.string(),
  /** So many. */
  files: z.int(),
  /** Those that have it. */
  roles: z.array(z.string()),
});
export type Overlay = Readonly<z.output<typeof Overlay>>;

export const ShownOverlay = OverlaySpec.extend({
  name: z.string(),
  roles: z.array(z.string()),
  /** Variables and secrets that its files are made of. */
  needs: z.strictObject({ vars: z.array(z.string()), secrets: z.array(z.string()) }),
  /** What lies under files/. */
  tree: z.array(z.strictObject({ path: z.string(), kind: z.enum(['file', 'link', 'template']) })),
});
export type ShownOverlay = Readonly<z.output<typeof ShownOverlay>>;

const common = {
  name: 'slurm-node',
  summary: "slurmd, its munge key and the cluster's slurm.conf",
  roles: ['compute'],
};

export const overlayExample = { ...common, files: 2 };

export const shownOverlayExample = {
  ...common,
  needs: { vars: ['slurmPartition'], secrets: ['mungeKey'] },
  tree: [
    { path: 'etc/slurm/slurm.conf', kind: 'template' },
    { path: 'etc/default/slurmd', kind: 'file' },
  ],
  files: {
    'etc/munge/munge.key': { owner: 'munge', mode: '0400', secret: 'mungeKey', live: true },
    'etc/slurm/slurm.conf': { owner: 'root', live: true },
  },
  units: { enable: ['munge', 'slurmd'], mask: ['slurmctld'] },
  remove: [],
};
