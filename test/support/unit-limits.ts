/** What a unit file lets its program do, as arguments that put the same limits on a program without systemd. */
import { run, type Argv } from '../../src/host/process.ts';

/** Somebody without root. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** What stands in the place of /etc/passwd, where he is known. */
  readonly passwd: string;
}

/** All values of a setting, in their order. */
function settingsOf(unit: string, name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].flatMap(([, value = '']) => value.split(' '));
}

const capabilitiesOf = (unit: string, name: string) =>
  ['-all', ...settingsOf(unit, name).map((each) => `+${each.replace('CAP_', '').toLowerCase()}`)].join(',');

/**
 * Root with the capabilities of the unit, no way to more, and the view of other processes that it has. In a mount namespace.
 *
 * @param user whom it runs as, with the ambient ones of the unit, where that is not root
 */
export function withCapabilitiesOf(unit: string, argv: Argv, user?: User): Argv {
  const [proc = 'default'] = settingsOf(unit, 'ProtectProc');
  const mounts = [
    ...(user === undefined ? [] : [`mount --bind ${user.passwd} /etc/passwd`]),
    ...(proc === 'default' ? [] : [`mount -t proc -o hidepid=${proc} proc /proc`]),
  ];
  const script = [...mounts, 'exec "$@"'].join(' && ');
  const bounds = ['setpriv', '--no-new-privs', '--bounding-set', capabilitiesOf(unit, 'CapabilityBoundingSet')];
  const ambient = capabilitiesOf(unit, 'AmbientCapabilities');
  const who = user && ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  const kept = who && ['--inh-caps', ambient, '--ambient-caps', ambient];
  const limits = [...bounds, ...(who ?? []), ...(kept ?? []), '--'];
  return ['sh', '-c', script, 'sh', ...limits, ...argv];
}

/**
 * All other system calls than those of the unit's list fail as they do in the unit, and are written down. strace is told of
 * them by the kernel's own filter, so that the rest is as fast as ever.
 */
export async function withSystemCallsOf(unit: string, refused: string, argv: Argv): Promise<Argv> {
  // A list may have calls of other architectures, and of kernels that strace does not know.
  const allowed = [...(await systemCallsOf(unit))].map((name) => `?${name}`).join(',');
  const filter = ['-f', '-qq', '--seccomp-bpf', '-e', 'signal=none', '-e', `trace=!${allowed}`];
  return ['strace', ...filter, '-e', `inject=!${allowed}:error=EPERM`, '-o', refused, '--', ...argv];
}

/** As systemd knows its sets. */
async function systemCallsOf(unit: string): Promise<ReadonlySet<string>> {
  const sets = await readSets();
  const allowed = new Set<string>();
  for (const filter of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    const [, not = '', names = ''] = filter;
    for (const call of names.split(' ').flatMap((name) => expand(name, sets))) {
      if (not === '') allowed.add(call);
      else allowed.delete(call);
    }
  }
  return allowed;
}

async function readSets(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await run(['systemd-analyze', 'syscall-filter', '--no-pager'], { signal: AbortSignal.timeout(60_000) });
  const sets = new Map<string, string[]>();
  let members: string[] = [];
  for (const line of text.split('\n')) {
    const word = line.replace(/#.*$/, '').trim();
    if (word === '') continue;
    if (line.startsWith('@')) sets.set(word, (members = []));
    else members.push(word);
  }
  return sets;
}

function expand(name: string, sets: ReadonlyMap<string, readonly string[]>): string[] {
  if (!name.startsWith('@')) return [name];
  return (sets.get(name) ?? []).flatMap((member) => expand(member, sets));
}

/** @param trace what strace has written down */
export function systemCallsIn(trace: string): ReadonlySet<string> {
  return new Set([...trace.matchAll(/^\d+ +(\w+)\(/gm)].map(([, name = '']) => name));
}
