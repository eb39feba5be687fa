/**
 * A real Slurm: munged, slurmctld and slurmd from Debian's packages on the tables of our overlays. Each node is a network
 * namespace whose programs have a host name, /run, /var/spool, /var/log and /etc/slurm of their own.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { run } from '../../src/host/process.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { Namespaces, type NamespaceProgram } from './namespaces.ts';
import { computeNames, head, slurmTables, type SlurmNodeName, type SlurmTables } from './slurm-tables.ts';

export { head, type SlurmNodeName } from './slurm-tables.ts';

const names = [head, ...computeNames] as const;
const folders = [
  'run/munge',
  'run/slurm',
  'run/slurmctld',
  'etc/slurm',
  'var/spool/slurmd',
  'var/spool/slurmctld',
  'var/log/slurm',
];
const ofSlurm = ['run/slurmctld', 'var/spool/slurmctld', 'var/log/slurm'];

const controllerHook = path.resolve(
  import.meta.dirname,
  '../../overlays/slurm-controller/files/etc/pi-image/live.d/slurmctld',
);

/** In namespaces that end with the program. */
const asNode = `set -e
for each in run etc/slurm etc/hosts var/spool var/log; do mount --bind "$0/$each" "/$each"; done
hostname "$1"
shift
exec "$@"`;

export async function slurmCluster({ configless = false, hasNight = true } = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'slurm-'));
  // Programs of other users reach the sockets in it.
  await chmod(dir, 0o755);
  const tables = await slurmTables({ configless, hasNight, cgroupPlugin: await cgroupPlugin() });
  const space = new Namespaces();
  const at = (node: string, file: string) => path.join(dir, node, file);
  const onNode = (node: string, ...argv: readonly string[]) => [
    'unshare',
    '--uts',
    '--mount',
    'sh',
    '-c',
    asNode,
    path.join(dir, node),
    node,
    ...argv,
  ];
  const munged = new Map<SlurmNodeName, NamespaceProgram>();
  const daemons = new Map<SlurmNodeName, NamespaceProgram>();
  const firstKey = randomBytes(128);

  const startMunged = async (node: SlurmNodeName, key: Uint8Array) => {
    await munged.get(node)?.stop();
    await writeFile(at(node, 'munge.key'), key, { mode: 0o600 });
    const files = ['key', 'pid', 'seed'].map((name) => `--${name}-file=${at(node, `munge.${name}`)}`);
    const socket = at(node, 'run/munge/munge.socket.2');
    munged.set(node, space.start(node, ['munged', '--foreground', '--force', ...files, `--socket=${socket}`]));
    await until(() => space.run(node, ['munge', '-n', '-S', socket]));
  };
  const tell = (node: SlurmNodeName, command: string) => space.run(node, onNode(node, 'sh', '-c', command));
  const slurm = (command: string) => tell(head, command);
  const writeTables = async (node: SlurmNodeName) => {
    const files = tables.filesOf(node);
    for (const file of ['etc/hosts', 'etc/slurm/slurm.conf', 'etc/slurm/cgroup.conf']) {
      const text = files.get(file);
      if (text === undefined) await rm(at(node, file), { force: true });
      else await writeFile(at(node, file), text);
    }
  };
  const start = (node: SlurmNodeName) => {
    const options = /SLURMD_OPTIONS="(.*)"/.exec(tables.filesOf(node).get('etc/default/slurmd') ?? '')?.[1] ?? '';
    const argv = node === head ? ['slurmctld', '-D'] : ['slurmd', '-D', ...options.split(' ').filter(Boolean)];
    daemons.set(node, space.start(node, onNode(node, ...argv)));
  };
  const close = async () => {
    await space.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await cable(space, tables);
    for (const node of names) {
      for (const folder of folders) await mkdir(at(node, folder), { recursive: true });
      for (const folder of ofSlurm) await space.run(node, ['chown', 'slurm', at(node, folder)]);
      await writeTables(node);
      await startMunged(node, firstKey);
    }
    for (const node of names) start(node);
    await until(async () => {
      const states = (await slurm('sinfo -h -N -o "%N %T"')).trim().split('\n');
      if (states.some((line) => !line.endsWith(' idle'))) throw new Error(states.join());
    });
  } catch (error) {
    const said = [...daemons.values()].map(({ lines }) => lines.slice(-15).join('\n')).join('\n---\n');
    await close();
    throw new Error(`Slurm did not start:\n${said}`, { cause: error });
  }
  return {
    dir,
    nodes: names,
    firstKey,
    tables,
    /** A command on the node with the controller. */
    slurm,
    /** A command on any node. */
    tell,
    /** What partitionControl and clusterSlurm ask for. */
    controller: {
      address: () => parseIpv4(tables.addressOf(head)),
      run: (_address: string, command: string) => slurm(command),
    },
    startMunged,
    socketOf: (node: SlurmNodeName) => at(node, 'run/munge/munge.socket.2'),
    keyOf: (node: SlurmNodeName) => readFile(at(node, 'munge.key')),
    /** Live files as they are now, and the controller's hook. */
    reconfigure: async () => {
      for (const node of names) await writeTables(node);
      // There is no systemd in a namespace; slurmctld runs.
      await slurm(`systemctl() { :; }; set -- etc/slurm/slurm.conf; . ${controllerHook}`);
    },
    start,
    /** slurmctld or slurmd; jobs stay. */
    stop: async (node: SlurmNodeName) => {
      await daemons.get(node)?.stop();
    },
    /** Another program in the network of a node. */
    startOn: (node: SlurmNodeName, argv: readonly string[]) => space.start(node, argv),
    /** The controller's cable. */
    unplug: () => space.run(head, ['ip', 'link', 'set', 'br0', 'down']),
    /** Its power goes, and all that ran there. munged is as good as new. */
    cut: async (node: SlurmNodeName) => {
      const pids = await space.pids(node);
      for (const pid of pids.filter((each) => each !== munged.get(node)?.pid)) killIfThere(pid);
      await daemons.get(node)?.ended;
    },
    said: (node: SlurmNodeName) => daemons.get(node)?.lines ?? [],
    hasFile: (node: SlurmNodeName, file: string) =>
      readFile(at(node, file)).then(
        () => true,
        () => false,
      ),
    /** @returns its number */
    submit: async (script: string, ...options: readonly string[]) =>
      (await slurm(`sbatch --parsable -D / -o /dev/null ${options.join(' ')} --wrap '${script}'`)).trim(),
    jobState: async (id: string) => /JobState=(\w+)/.exec(await slurm(`scontrol --oneliner show job ${id}`))?.[1],
    partition: async (name: string) =>
      /\sState=(\w+)/.exec(await slurm(`scontrol --oneliner show partition ${name}`))?.[1],
    close,
  };
}

export type SlurmCluster = Awaited<ReturnType<typeof slurmCluster>>;

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

async function cable(space: Namespaces, { addressOf }: SlurmTables): Promise<void> {
  for (const name of names) await space.add(name);
  await space.run(head, ['ip', 'link', 'add', 'br0', 'type', 'bridge']);
  await space.run(head, ['ip', 'address', 'add', `${addressOf(head)}/24`, 'dev', 'br0']);
  await space.run(head, ['ip', 'link', 'set', 'br0', 'up']);
  for (const name of computeNames) {
    const address = `${addressOf(name)}/24`;
    await space.cable({ namespace: head, interface: name }, { namespace: name, interface: 'eth0', address });
    await space.run(head, ['ip', 'link', 'set', name, 'master', 'br0']);
  }
}

/** A namespace has no cgroups. Slurm before 23.11 wants a plugin all the same; that of v1 looks for nothing. */
async function cgroupPlugin(): Promise<string> {
  const version = await run(['slurmd', '-V'], { signal: AbortSignal.timeout(patienceMs) });
  const [, major = '0', minor = '0'] = /slurm\S* (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 100 + Number(minor) >= 2311 ? 'disabled' : 'cgroup/v1';
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
