/** What overlays run when live files have changed: etc/pi-image/live.d/, with the changed paths as arguments. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

test.each([
  ['slurm-controller', 'slurmctld', 'inactive', 'etc/slurm/slurm.conf', ''],
  ['slurm-controller', 'slurmctld', 'active', 'etc/hosts', ''],
  ['slurm-compute', 'slurmd', 'active', 'etc/slurm/slurm.conf etc/default/slurmd', 'systemctl restart slurmd\n'],
  ['slurm-compute', 'slurmd', 'inactive', 'etc/default/slurmd', ''],
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

interface Controller {
  readonly conf: string;
  readonly version?: string;
  readonly parameters?: string;
  readonly names?: string;
  readonly jobs?: string;
}

/** What the controller's hook tells Slurm and systemd. */
function controllerHook({
  conf,
  version = '24.11.5',
  parameters = '(null)',
  names = '',
  jobs = '',
}: Controller): string[] {
  const hook = path.resolve(import.meta.dirname, '../overlays/slurm-controller/files/etc/pi-image/live.d/slurmctld');
  const dir = mkdtempSync(path.join(tmpdir(), 'hook-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(path.join(dir, 'slurm.conf'), conf);
  const script = readFileSync(hook, 'utf8').replace('conf=/etc/slurm/slurm.conf', `conf=${dir}/slurm.conf`);
  const programs = `systemctl() { case $1 in -q) ;; *) echo "systemctl $*" ;; esac; }
    squeue() { printf '${jobs}'; }
    scancel() { echo "scancel $*"; }
    scontrol() {
      case "$*" in
        'show config') echo 'SlurmctldParameters = ${parameters}' ;;
        'show hostnames '*) echo "$3" | tr , ' ' ;;
        '--future --oneliner show nodes') printf '${names}' ;;
        version) echo 'slurm ${version}' ;;
        'requeue 9') return 1 ;;
        *) echo "scontrol $*" ;;
      esac
    }`;
  const said = execFileSync('sh', ['-c', `${programs}\n${script}`, 'hook', 'etc/slurm/slurm.conf']).toString();
  return said.split('\n').slice(0, -1);
}

const reconfigured = ['scontrol reconfigure'];
const restarted = ['systemctl restart slurmctld'];
const configless = 'SlurmctldParameters=enable_configless\n';
const node01 = 'NodeName=node01 NodeAddr=10.42.0.11 CPUs=4 State=UNKNOWN\n';
const known = String.raw`NodeName=node01 Arch=aarch64\n`;
const future = 'NodeName=node02 NodeAddr=10.42.0.12 State=FUTURE\nNodeName=node03 NodeAddr=10.42.0.13 State=FUTURE\n';

test.each<[string, Controller, readonly string[]]>([
  ['tables that nobody asks for', { conf: node01 }, reconfigured],
  ['tables that it hands out already', { conf: configless, parameters: 'enable_configless' }, reconfigured],
  ['tables that it is to hand out from now on', { conf: configless }, restarted],
  ['as many nodes, in Debian 12', { conf: node01, version: '22.05.8', names: known }, reconfigured],
  ['another node, in Debian 12', { conf: node01 + future, version: '22.05.8', names: known }, restarted],
  ['another node, before 23.11', { conf: node01 + future, version: '23.02.7', names: known }, restarted],
  ['another node, since 23.11', { conf: node01 + future, version: '23.11.1', names: known }, reconfigured],
  [
    'jobs on nodes that have left',
    { conf: node01 + future, jobs: String.raw`5 node01\n6 node02\n7 node01,node03\n9 node02,node03\n` },
    [...reconfigured, 'scontrol requeue 6', 'scontrol requeue 7', 'scancel 9'],
  ],
  ['jobs and no node that has left', { conf: node01, jobs: String.raw`5 node01\n` }, reconfigured],
])('slurmctld with %s', (_name, controller, expected) => {
  expect(controllerHook(controller)).toEqual(expected);
});
