/** Can the service start on this machine? Everything that is missing is said at once. */
import { isInstalled } from '../host/installed.ts';
import type { NfsChoice } from '../host/nfs/choose.ts';
import { HostError } from '../model/errors.ts';

interface Need {
  readonly programs: readonly string[];
  readonly packages: string;
  readonly why: string;
}

const always: readonly Need[] = [
  { programs: ['ssh-keygen'], packages: 'openssh-client', why: 'makes the keys of the nodes' },
  { programs: ['ip', 'ss'], packages: 'iproute2', why: 'tell the interfaces and their sockets' },
  { programs: ['flock'], packages: 'util-linux', why: 'locks the state directory' },
];

const ganesha = { programs: ['ganesha.nfsd'], packages: 'nfs-ganesha nfs-ganesha-vfs', why: 'exports the roots' };
const kernel = { programs: ['exportfs'], packages: 'nfs-kernel-server', why: 'exports the roots' };
const chrony = { programs: ['chronyd'], packages: 'chrony', why: 'gives time to the nodes' };

export async function requireMachine(options: {
  /** This process is root, or a helper that is listens here. */
  readonly hasRoot: boolean;
  readonly helper: string;
  readonly nfs: NfsChoice;
  readonly servesTime: boolean;
}): Promise<void> {
  const problems: string[] = [];
  if (!options.hasRoot) {
    problems.push(
      `neither this process is root, nor does a helper that is listen on ${options.helper}: run it with sudo, or let systemd start both`,
    );
  }
  const missing = await missingNeeds([
    ...always,
    ...(await nfsNeeds(options.nfs)),
    ...(options.servesTime ? [chrony] : []),
  ]);
  problems.push(...missing.map(({ programs, why }) => `${programs.join(' and ')} (${why}) is not installed`));
  if (problems.length === 0) return;
  const packages = missing.map((need) => need.packages).join(' ');
  throw new HostError(['this machine cannot serve yet', ...problems].join('\n  '), {
    ...(packages !== '' && { hint: `Run "apt install ${packages}".` }),
  });
}

async function nfsNeeds(choice: NfsChoice): Promise<readonly Need[]> {
  if (choice === 'kernel') return [kernel];
  const isKernelEnough = choice === 'auto' && (await isInstalled('exportfs'));
  return isKernelEnough ? [] : [ganesha];
}

async function missingNeeds(needs: readonly Need[]): Promise<Need[]> {
  const isMissing = await Promise.all(
    needs.map(async ({ programs }) => !(await Promise.all(programs.map(isInstalled))).every(Boolean)),
  );
  return needs.filter((_, index) => isMissing[index]);
}
