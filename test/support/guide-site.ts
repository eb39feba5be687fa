/**
 * A storage node on which commands of the docs are typed as they stand there: /etc/pi-image, /var/lib/pi-image, /srv and /home
 * are folders of this test's own, in a mount namespace that ends with it. What has a "sudo" in it is run by root, all else by
 * an ordinary user, ada. Needs root.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { compiledProgram } from './compiled.ts';
import type { Ended } from './pi-image.ts';

const uid = 4242;

/** $1 the folder of everything. Ends when its input does. */
const enterScript = `
dir=$1
for folder in etc var/lib; do
  beside=$dir/over/$(echo $folder | tr / -)
  mkdir -p "$beside/upper" "$beside/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$beside/upper,workdir=$beside/work" "/$folder"
done
mkdir /etc/pi-image /var/lib/pi-image
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/pi-image
mount --rbind "$dir/site" /etc/pi-image
mount --rbind "$dir/site/state" /var/lib/pi-image
mount --rbind "$dir/site/run" /run/pi-image
mount --bind "$dir/srv" /srv
mount --bind "$dir/home" /home
echo "ada:x:${uid}:${uid}::/home/ada:/bin/sh" >> /etc/passwd
echo "ada:x:${uid}:" >> /etc/group
for file in subuid subgid; do echo "ada:700000:65536" >> /etc/$file; done
echo ready
cat > /dev/null
`;

/** $1 the folder, $2 the line. The folder that it leads to is where the next one starts. */
const lineScript = `
export PATH="$1/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C.UTF-8
cd "$(cat "$1/cwd")"
eval "$2"
code=$?
pwd > "$1/cwd"
exit $code
`;

export class GuideSite {
  readonly dir: string;
  #holder: ChildProcess | undefined;

  /** @param dir is made, and removed in the end */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** /etc/pi-image, with `state` and `run` in it. */
  get site(): string {
    return path.join(this.dir, 'site');
  }

  get state(): string {
    return path.join(this.site, 'state');
  }

  async open(): Promise<void> {
    for (const folder of ['site/images', 'site/state', 'site/run', 'srv', 'home/ada', 'bin'])
      await mkdir(path.join(this.dir, folder), { recursive: true });
    // What mkdtemp makes is for its owner alone.
    await chmod(this.dir, 0o755);
    await chown(path.join(this.dir, 'home/ada'), uid, uid);
    await this.#program('pi-image', `exec ${process.execPath} ${compiledProgram} "$@"`);
    await this.#program('sudo', 'exec "$@"');
    await writeFile(path.join(this.dir, 'cwd'), '/home/ada\n');
    await chown(path.join(this.dir, 'cwd'), uid, uid);
    const inside = ['--mount', '--propagation=private', 'sh', '-euc', enterScript, 'sh', this.dir];
    this.#holder = spawn('unshare', inside, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [first] = (await once(this.#holder.stdout ?? this.#holder, 'data')) as [unknown];
    if (String(first) !== 'ready\n') throw new Error(`the namespace was not made: ${String(first)}`);
  }

  async #program(name: string, script: string): Promise<void> {
    await writeFile(path.join(this.dir, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Never throws: the exit code is part of what is tested. @param input what is typed into the program that it starts */
  async type(line: string, input = ''): Promise<Ended> {
    const { pid } = this.#holder ?? {};
    if (pid === undefined) throw new Error('not opened');
    const isRoot = /\bsudo\b/.test(line);
    const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
    const who = isRoot ? ['env', 'HOME=/root'] : ['setpriv', ...user, 'env', 'HOME=/home/ada'];
    const inside = ['--mount', '--target', String(pid), '--', ...who, 'sh', '-uc', lineScript, 'sh', this.dir, line];
    const options = { timeout: 40 * 60_000, maxBuffer: 1 << 28 };
    return new Promise((resolve) => {
      const child = execFile('nsenter', inside, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }

  async close(): Promise<void> {
    const holder = this.#holder;
    if (holder !== undefined && holder.exitCode === null) {
      holder.stdin?.end();
      await once(holder, 'exit');
    }
    await rm(this.dir, { recursive: true });
  }
}
