/** A real Slurm: munged, slurmctld and slurmd from Debian's packages, each node in a network namespace with a host name of its own. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { Namespaces, type NamespaceProgram } from './namespaces.ts';

export const head = 'head';
const nodes = ['node01', 'node02'] as const;
export type SlurmNodeName = (typeof nodes)[number] | typeof head;

const addressOf = (name: string) => (name === head ? '10.77.0.1' : `10.77.0.1${name.at(-1)}`);

export async function slurmCluster() {
  const dir = await mkdtemp(path.join(tmpdir(), 'slurm-'));
  // Programs of other users reach the sockets in it.
  await chmod(dir, 0o755);
  const space = new Namespaces();
  const munged = new Map<SlurmNodeName, NamespaceProgram>();
  const at = (node: string, file: string) => path.join(dir, node, file);
  const firstKey = randomBytes(128);

  const startMunged = async (node: SlurmNodeName, key: Uint8Array) => {
    await munged.get(node)?.stop();
    await writeFile(at(node, 'munge.key'), key, { mode: 0o600 });
    const files = ['key', 'pid', 'seed'].map((name) => `--${name}-file=${at(node, `munge.${name}`)}`);
    const argv = ['munged', '--foreground', '--force', ...files, `--socket=${at(node, 'munge.socket')}`];
    munged.set(node, space.start(node, argv));
    await until(() => space.run(node, ['munge', '-n', '-S', at(node, 'munge.socket')]));
  };
  const slurm = (command: string) =>
    space.run(head, ['env', `SLURM_CONF=${at(head, 'slurm.conf')}`, 'sh', '-c', command]);
  const daemons: NamespaceProgram[] = [];
  const daemon = (node: SlurmNodeName, program: string) =>
    daemons.push(
      space.start(node, [
        'unshare',
        '--uts',
        'sh',
        '-c',
        `hostname ${node}; exec ${program} -D -f ${at(node, 'slurm.conf')}`,
      ]),
    );
  const close = async () => {
    await space.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await cable(space);
    for (const node of [head, ...nodes] as const) {
      await mkdir(at(node, 'spool'), { recursive: true });
      await writeFile(at(node, 'slurm.conf'), configOf(dir, node));
      await writeFile(at(node, 'cgroup.conf'), `CgroupPlugin=${await cgroupPlugin(space)}\n`);
      await startMunged(node, firstKey);
    }
    await mkdir(at(head, 'state'));
    daemon(head, 'slurmctld');
    for (const node of nodes) daemon(node, 'slurmd');
    await until(async () => {
      const states = (await slurm('sinfo -h -N -o "%N %T"')).trim().split('\n');
      if (states.some((line) => !line.endsWith(' idle'))) throw new Error(states.join());
    });
  } catch (error) {
    const said = daemons.map(({ lines }) => lines.slice(-15).join('\n')).join('\n---\n');
    await close();
    throw new Error(`Slurm did not start:\n${said}`, { cause: error });
  }
  return {
    dir,
    nodes: [head, ...nodes] as const,
    firstKey,
    /** A command on the node with the controller. */
    slurm,
    /** What partitionControl asks for. */
    controller: {
      address: () => parseIpv4(addressOf(head)),
      run: (_address: string, command: string) => slurm(command),
    },
    startMunged,
    keyOf: (node: SlurmNodeName) => readFile(at(node, 'munge.key')),
    /** @returns its number */
    submit: async (script: string, ...options: readonly string[]) =>
      (await slurm(`sbatch --parsable -D / -o /dev/null ${options.join(' ')} --wrap '${script}'`)).trim(),
    jobState: async (id: string) => /JobState=(\w+)/.exec(await slurm(`scontrol --oneliner show job ${id}`))?.[1],
    partition: async (name: string) =>
      /\sState=(\w+)/.exec(await slurm(`scontrol --oneliner show partition ${name}`))?.[1],
    close,
  };
}

async function cable(space: Namespaces): Promise<void> {
  for (const name of [head, ...nodes]) await space.add(name);
  await space.run(head, ['ip', 'link', 'add', 'br0', 'type', 'bridge']);
  await space.run(head, ['ip', 'address', 'add', `${addressOf(head)}/24`, 'dev', 'br0']);
  await space.run(head, ['ip', 'link', 'set', 'br0', 'up']);
  for (const name of nodes) {
    const address = `${addressOf(name)}/24`;
    await space.cable({ namespace: head, interface: name }, { namespace: name, interface: 'eth0', address });
    await space.run(head, ['ip', 'link', 'set', name, 'master', 'br0']);
  }
}

/** A namespace has no cgroups. Slurm before 23.11 wants a plugin all the same; that of v1 looks for nothing. */
async function cgroupPlugin(space: Namespaces): Promise<string> {
  const [, major = '0', minor = '0'] = /slurm\S* (\d+)\.(\d+)/.exec(await space.run(head, ['slurmd', '-V'])) ?? [];
  return Number(major) * 100 + Number(minor) >= 2311 ? 'disabled' : 'cgroup/v1';
}

/** As overlays/slurm-node has it, but for what needs a machine: cgroups and a user slurm. */
function configOf(dir: string, node: string): string {
  const own = (file: string) => path.join(dir, node, file);
  return `ClusterName=test
SlurmctldHost=${head}(${addressOf(head)})
AuthType=auth/munge
AuthInfo=socket=${own('munge.socket')}
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${path.join(dir, head, 'state')}
SlurmdSpoolDir=${own('spool')}
SlurmctldPidFile=${own('slurmctld.pid')}
SlurmdPidFile=${own('slurmd.pid')}
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
ReconfigFlags=KeepPartState
MessageTimeout=10
DebugFlags=NO_CONF_HASH
SlurmdParameters=config_overrides
${nodes.map((name) => `NodeName=${name} NodeAddr=${addressOf(name)} CPUs=2 State=UNKNOWN\n`).join('')}
PartitionName=main Nodes=node[01-02] Default=YES MaxTime=INFINITE State=UP
PartitionName=night Nodes=node02 MaxTime=INFINITE State=UP
`;
}

const patienceMs = 30_000;

export async function until(what: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await what();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(200);
  }
}
