/** Roles of cluster.yaml, and what it takes to give one to a node. */
import { z } from 'zod';

import { Variables } from '../../model/names.ts';
import { RoleDiff } from '../../model/role-diff.ts';

/** With every default filled in. */
export const Role = z.strictObject({
  name: z.string(),
  image: z.string(),
  root: z.string(),
  boot: z.string(),
  overlays: z.array(z.string()),
  kernelArguments: z.array(z.string()),
  vars: Variables,
  ready: z.array(z.string()),
  /** From the first packet to ready. */
  deadlineMs: z.number(),
  /** Names of those that have it. */
  nodes: z.array(z.string()),
});
export type Role = Readonly<z.output<typeof Role>>;

export const RoleChange = z.strictObject({
  node: z.string(),
  dryRun: z.boolean(),
  /** False when the node has that role already. */
  isChanged: z.boolean(),
  diff: RoleDiff,
  /** It is told to reboot, or would be; the answer does not wait for it. */
  reboots: z.boolean(),
});
export type RoleChange = Readonly<z.output<typeof RoleChange>>;

export const Reboot = z.strictObject({ node: z.string(), dryRun: z.boolean() });
export type Reboot = Readonly<z.output<typeof Reboot>>;

export const roleExample = {
  name: 'compute',
  image: 'debian-lite',
  root: 'shared',
  boot: 'tftp',
  overlays: ['base', 'ssh', 'slurm-node', 'slurm-compute'],
  kernelArguments: ['quiet'],
  vars: { slurmPartition: 'main' },
  ready: ['slurmd.service'],
  deadlineMs: 300_000,
  nodes: ['node01', 'node02'],
};

export const roleChangeExample = {
  node: 'node01',
  dryRun: false,
  isChanged: true,
  diff: {
    role: { from: 'compute', to: 'login' },
    image: { from: 'debian-lite@20261121.1', to: 'debian-lite@20261121.1' },
    root: { from: 'shared', to: 'shared' },
    generation: { from: '4f0c1d6f7f0e', to: '91ab77c2d3e4' },
    kernelArguments: { added: [], removed: ['isolcpus=3'] },
    overlays: { added: ['login'], removed: ['slurm-compute'] },
    files: { added: ['etc/motd'], changed: [], removed: ['etc/tmpfiles.d/pi-image-slurmd.conf'] },
    patches: { 'etc/motd': '--- /dev/null\n+++ etc/motd\n@@ -0,0 +1 @@\n+Welcome\n' },
    exports: { added: ['/shares/home'], removed: [] },
    slurm: { from: 'compute', to: 'none' },
  },
  reboots: true,
};
