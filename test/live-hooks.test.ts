/** What overlays run when live files have changed: etc/pi-image/live.d/, with the changed paths as arguments. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

test.each([
  ['slurm-controller', 'slurmctld', 'active', 'etc/hosts etc/slurm/slurm.conf', 'scontrol reconfigure\n'],
  ['slurm-controller', 'slurmctld', 'inactive', 'etc/slurm/slurm.conf', ''],
  ['slurm-controller', 'slurmctld', 'active', 'etc/hosts', ''],
  ['slurm-compute', 'slurmd', 'active', 'etc/slurm/cgroup.conf', 'systemctl reload slurmd\n'],
  ['slurm-compute', 'slurmd', 'inactive', 'etc/slurm/slurm.conf', ''],
  ['slurm-compute', 'slurmd', 'active', 'root/etc/slurm.conf', ''],
  ['slurm-node', 'munge', 'active', 'etc/hosts etc/munge/munge.key', 'systemctl restart munge\n'],
  ['slurm-node', 'munge', 'inactive', 'etc/munge/munge.key', ''],
  ['slurm-node', 'munge', 'active', 'etc/slurm/slurm.conf', ''],
])('%s: %s is %s, and %s changed', (overlay, unit, state, changed, expected) => {
  const hook = path.resolve(import.meta.dirname, `../overlays/${overlay}/files/etc/pi-image/live.d/${unit}`);
  // exec finds no function: the script is read with it taken away.
  const script = readFileSync(hook, 'utf8').replace(/^exec /m, '');
  const programs = `systemctl() { case $1 in -q) [ ${state} = active ] ;; *) echo "systemctl $*" ;; esac; }
    scontrol() { echo "scontrol $*"; }`;

  expect(execFileSync('sh', ['-c', `${programs}\n${script}`, 'hook', ...changed.split(' ')]).toString()).toBe(expected);
  expect(statSync(hook).mode & 0o111).toBe(0o111);
});
