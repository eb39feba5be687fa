/** A user namespace: there an ordinary user is root over the numbers that /etc/subuid gives him, and over nothing else. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

import type { NamespaceFacts } from '../model/user-namespace.ts';
import { isInstalled } from './installed.ts';
import { run, type Argv } from './process.ts';

/** For scripts: sets $is_root where root is the machine's, and leaves it empty in a user namespace. */
export const knowNamespace = `
read -r _ _ ids < /proc/self/uid_map
is_root=
[ "$ids" != 4294967295 ] || is_root=yes
`;

/** All numbers there are, as they are outside. */
const wholeMap = '0 0 4294967295';

/** Which number inside is which outside, for users and groups: `0 1000 1,1 100000 65535`. */
export async function readIdMaps(): Promise<{ readonly users: string; readonly groups: string }> {
  const [users, groups] = await Promise.all([readMap('uid_map'), readMap('gid_map')]);
  return { users, groups };
}

async function readMap(name: string): Promise<string> {
  const text = await readFile(`/proc/self/${name}`, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.trim().replaceAll(/\s+/g, ' ')).join(',');
}

export async function isInUserNamespace(): Promise<boolean> {
  return (await readIdMaps()).users !== wholeMap;
}

const enter = ['unshare', '--user', '--map-root-user', '--map-auto', '--'] as const;

/** The same program as root of a namespace of its own. It ends when its parent does; the parent is this process. */
export function namespaceArgv(argv: Argv): Argv {
  return [...enter, 'setpriv', '--pdeathsig', 'KILL', '--', ...argv];
}

/** $1 a folder of the user's: what a build does in a user namespace, in small. Says how far it came. */
const tryScript = `
echo entered
unshare --mount --propagation=private --pid --fork --kill-child --mount-proc true
echo mounted
place=$1/.try-namespace.$$
trap 'rm -rf "$place"' EXIT
mkdir "$place" "$place/lower" "$place/upper" "$place/work" "$place/merged"
: > "$place/lower/file"
chown 65534:65534 "$place/lower/file"
echo owned
unshare --mount --propagation=private sh -euc '
cd "$1"
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work,userxattr" merged
rm merged/file
[ -c upper/file ]
' sh "$place"
echo layered
`;

/** @param dir where the build would be. @returns undefined when it would work, else what is known of the reason */
export async function tryUserNamespace(dir: string, signal: AbortSignal): Promise<NamespaceFacts | undefined> {
  const said: string[] = [];
  try {
    const onLine = (line: string) => said.push(line);
    await run([...enter, 'sh', '-euc', tryScript, 'sh', dir], { signal, onLine });
    return undefined;
  } catch {
    signal.throwIfAborted();
  }
  const user = ourselves();
  return {
    dir,
    user: user.name,
    hasMappers: (await isInstalled('newuidmap')) && (await isInstalled('newgidmap')),
    hasRanges: (await hasRange('/etc/subuid', user)) && (await hasRange('/etc/subgid', user)),
    limits: {
      namespaces: await readNumber('user/max_user_namespaces'),
      unprivileged: await readNumber('kernel/unprivileged_userns_clone'),
      restricted: await readNumber('kernel/apparmor_restrict_unprivileged_userns'),
    },
    said,
  };
}

/** A number that nobody has given a name is a user all the same. */
function ourselves(): { readonly name: string; readonly uid: number } {
  try {
    const { username, uid } = userInfo();
    return { name: username, uid };
  } catch {
    const uid = process.getuid?.() ?? 0;
    return { name: String(uid), uid };
  }
}

/** Images have users up to 65534. */
const neededIds = 65_535;

async function hasRange(file: string, { name, uid }: { name: string; uid: number }): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').some((line) => {
    const [owner = '', , count = ''] = line.split(':');
    return (owner === name || owner === String(uid)) && Number(count) >= neededIds;
  });
}

async function readNumber(name: string): Promise<number | undefined> {
  const text = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '');
  return text === '' ? undefined : Number(text);
}
