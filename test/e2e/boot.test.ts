/** Two boards boot at once, with clocks of 2020, into a Slurm job; what must stay secret does; restarts do no harm. Root. */
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RackStatus } from '../../src/rack/control.ts';
import { buildImage, imageState, piImage, piImageWorks, processesWith, startPiImage } from '../support/pi-image.ts';

const slurmDeadlineMs = 10 * 60_000;

let dir: string;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-boot-'));
  await piImageWorks('--state', imageState, 'rack', 'up', '--dir', dir, '--clock', '2020-01-01');
  await piImageWorks('rack', 'boot', 'head', 'node01', '--dir', dir);
});

afterAll(async () => {
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

const onStorage = (...command: readonly string[]) => piImage(['rack', 'exec', '--dir', dir, '--', ...command]);
const on = (node: string, command: string) => onStorage('ssh', node, command);

async function rackStatus(): Promise<RackStatus> {
  const { stdout } = await piImage(['rack', 'status', '--dir', dir, '-o', 'json']);
  return JSON.parse(stdout) as RackStatus;
}

async function waitForWorker(): Promise<void> {
  const deadline = Date.now() + slurmDeadlineMs;
  let last = '';
  while (Date.now() < deadline) {
    const { stdout, stderr } = await on('head', "sinfo -h -n node01 -o '%n %T'");
    last = stdout + stderr;
    if (stdout.trim() === 'node01 idle') return;
    await sleep(2000);
  }
  throw new Error(`node01 is not registered: ${last}`);
}

async function runJob(): Promise<string> {
  const { stdout, stderr } = await on('head', "srun -w node01 sh -c 'echo $(hostname) $(uname -m)'");
  return (stdout + stderr).trim();
}

test('a job runs on node01 from head', async () => {
  await waitForWorker();
  expect(await runJob()).toBe('node01 aarch64');
});

describe('a node that has booted', () => {
  test('has the time of the storage node although its clock said 2020', async () => {
    const { stdout } = await on('node01', 'date +%s');
    expect(Math.abs(Number(stdout) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('has no unit that failed', async () => {
    for (const node of ['head', 'node01']) {
      expect(await on(node, 'systemctl --failed --no-legend --plain')).toMatchObject({ stdout: '' });
    }
  });

  test('reaches the others without a password', async () => {
    expect(await on('head', 'ssh -o BatchMode=yes node01 hostname')).toMatchObject({ stdout: 'node01\n' });
  });

  test('has the munge key of the cluster, for munge alone', async () => {
    const key = await readFile(path.join(dir, 'state/secrets/cluster/mungeKey'));
    for (const node of ['head', 'node01']) {
      const { stdout } = await on(node, 'stat -c "%U:%G %a" /etc/munge/munge.key; base64 -w0 /etc/munge/munge.key');
      expect(stdout).toBe(`munge:munge 400\n${key.toString('base64')}`);
    }
  });
});

describe('the secrets of the cluster', () => {
  const secretsDir = () => path.join(dir, 'state/secrets');

  /** Where it is kept -> raw, and in the encodings in which it could get into a text. */
  async function spellings(): Promise<ReadonlyMap<string, readonly Buffer[]>> {
    const files = (await filesBelow(secretsDir())).filter((file) => isSecret.test(file));
    return new Map(await Promise.all(files.map(async (file) => [file, spellingsOf(await readFile(file))] as const)));
  }

  async function filesWithSecrets(root: string): Promise<string[]> {
    const secrets = [...(await spellings()).values()].flat();
    const found: string[] = [];
    let read = 0;
    for (const file of await filesBelow(root)) {
      const bytes = await readFile(file);
      read += 1;
      if (secrets.some((secret) => bytes.includes(secret))) found.push(file);
    }
    expect(read, `files below ${root}`).toBeGreaterThan(0);
    return found;
  }

  test('are the munge key, the authority of SSH, and keys of hosts and users', async () => {
    const names = [...(await spellings()).keys()].map((file) => path.relative(secretsDir(), file));
    const nodes = ['head', 'node01'].flatMap((node) => [`ssh/nodes/${node}/host`, `ssh/nodes/${node}/user`]);
    expect(names.toSorted()).toEqual(['cluster/mungeKey', 'ssh/ca/ca', ...nodes, 'ssh/storage/user']);
  });

  test('are in no file of the image and its boot files, and so in no read-only export', async () => {
    expect(await filesWithSecrets(path.join(imageState, 'exports'))).toEqual([]);
  });

  test('are in no share', async () => {
    // They lie on a file system that only the rack sees. slurmctld replaces its files while they are copied.
    await onStorage('sh', '-c', 'cp -a "$1/shares" "$1/seen" || true', 'sh', dir);
    expect(await filesWithSecrets(path.join(dir, 'seen'))).toEqual([]);
  });

  test('are in nothing that a board loaded over TFTP, and in no console', async () => {
    expect(await readdir(path.join(dir, 'boards/node01/loaded'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/cmdline\.txt$/), expect.stringMatching(/config\.txt$/)]),
    );
    expect(await filesWithSecrets(path.join(dir, 'boards'))).toEqual([]);
  });

  test('are in no log, and in no file of the state but their own', async () => {
    expect(await filesWithSecrets(path.join(dir, 'logs'))).toEqual([]);
    const inState = await filesWithSecrets(path.join(dir, 'state'));
    expect(inState.toSorted()).toEqual([...(await spellings()).keys()].toSorted());
  });
});

/** Beside them lie certificates, public keys and the list of hosts, which all may read. */
const isSecret = /\/(?:mungeKey|ca|host|user)$/;

/** Of a key of OpenSSH a line of its middle, in which its private half begins; of another secret all of it. */
function spellingsOf(secret: Buffer): readonly Buffer[] {
  const [begin = '', ...lines] = secret.toString('latin1').split('\n');
  const line = begin.includes('OPENSSH PRIVATE KEY') ? lines[3] : undefined;
  if (line !== undefined) return [Buffer.from(line)];
  // The ends of a base64 text depend on what stands before and behind it.
  const base64 = secret.toString('base64').slice(0, -4);
  return [secret, Buffer.from(base64), Buffer.from(secret.toString('hex'))];
}

describe('the service', () => {
  test('can be killed while a node reads: the root goes on, and the next service takes over', async () => {
    const ganesha = await processesWith(path.join(dir, 'state/nfs/ganesha.conf'));
    const service = (await processesWith(path.join(dir, 'run'))).filter(({ commandLine }) =>
      commandLine.includes('serve'),
    );
    expect(service).toHaveLength(1);
    const read = 'echo 3 > /proc/sys/vm/drop_caches; for round in 1 2 3; do cat /usr/bin/* | wc -c; sleep 1; done';
    const reading = startPiImage(['rack', 'exec', '--dir', dir, '--', 'ssh', 'node01', read]);
    let printed = '';
    reading.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await sleep(8000);
    process.kill(service[0]?.pid ?? -1, 'SIGKILL');
    const code = await new Promise((resolve) => reading.once('close', resolve));

    expect(code).toBe(0);
    const counts = printed.trim().split('\n');
    expect(counts).toHaveLength(3);
    expect(new Set(counts).size).toBe(1);
    await expect.poll(async () => (await rackStatus()).service.state, { timeout: 60_000 }).toBe('healthy');
    expect(await processesWith(path.join(dir, 'state/nfs/ganesha.conf'))).toEqual(ganesha);
    expect(await runJob()).toBe('node01 aarch64');
  });
});

test('a guest that restarts itself boots through its firmware and comes back to Slurm', async () => {
  await on('node01', 'systemctl reboot');
  const worker = async () => (await rackStatus()).boards.find(({ name }) => name === 'node01');
  await expect.poll(async () => (await worker())?.powerOns, { timeout: 240_000, interval: 2000 }).toBe(2);
  await expect.poll(async () => (await worker())?.state, { timeout: 60_000, interval: 2000 }).toBe('kernel');
  await expect.poll(() => runJob(), { timeout: slurmDeadlineMs, interval: 5000 }).toBe('node01 aarch64');
});

test('a guest that switches itself off stays off', async () => {
  await on('node01', 'systemctl poweroff');
  const state = async () => (await rackStatus()).boards.find(({ name }) => name === 'node01')?.end;
  await expect.poll(state, { timeout: 240_000, interval: 2000 }).toBe('the guest switched itself off');
});

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => [file, (await lstat(file)).size] as const));
  return sizes.filter(([, size]) => size > 0).map(([file]) => file);
}
