/** A user of this machine who is none: an account that exists for one command, in a mount namespace of its own. Needs root. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Ended } from './pi-image.ts';

export const ordinaryUid = 4242;
const someIds = '700000:65536';

/**
 * $1 folder with the account's files, then what runs as that user. Only root may open /dev/fuse on some machines; Debian's
 * udev gives it to all.
 */
const asUser = `
accounts=$1; shift
for file in passwd group subuid subgid; do
  [ ! -e "$accounts/$file" ] || [ ! -e "/etc/$file" ] || mount --bind "$accounts/$file" "/etc/$file"
done
if [ -e /dev/fuse ]; then
  mount -t tmpfs tmpfs "$accounts/device"
  mknod -m 666 "$accounts/device/fuse" c 10 229
  mount --bind "$accounts/device/fuse" /dev/fuse
fi
cd "$accounts/home"
# Of somebody who shows others nothing, in a home whose files are its group's.
umask 077
exec setpriv --reuid ${ordinaryUid} --regid ${ordinaryUid} --clear-groups -- env -i PATH=/usr/local/bin:/usr/bin:/bin \\
  HOME="$accounts/home" LC_ALL=C.UTF-8 "$@"
`;

export class OrdinaryUser {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get home(): string {
    return path.join(this.#dir, 'home');
  }

  /** @param ids what /etc/subuid says of him, empty: nothing */
  async make(ids = someIds): Promise<void> {
    for (const folder of ['home', 'device']) await mkdir(path.join(this.#dir, folder), { recursive: true });
    await chown(this.home, ordinaryUid, ordinaryUid);
    await chmod(this.home, 0o2755);
    const account = `ada:x:${ordinaryUid}:${ordinaryUid}::${this.home}:/bin/sh\n`;
    const range = ids === '' ? '' : `ada:${ids}\n`;
    const files = {
      passwd: `root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n${account}`,
      group: `root:x:0:\nnogroup:x:65534:\nada:x:${ordinaryUid}:\n`,
      subuid: range,
      subgid: range,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(this.#dir, name), text);
  }

  /** Never throws: the exit code is part of what is tested. */
  async run(argv: readonly string[], timeoutMs = 300_000): Promise<Ended> {
    const inside = ['--mount', '--propagation=private', 'sh', '-euc', asUser, 'sh', this.#dir, ...argv];
    try {
      const { stdout, stderr } = await promisify(execFile)('unshare', inside, {
        timeout: timeoutMs,
        maxBuffer: 1 << 28,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
      return { code: typeof code === 'number' ? code : -1, stdout, stderr };
    }
  }
}
