/** init makes the file systems that the service demands, keeps what lay in the folders, and fstab mounts them again. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { compile, compiledArgv } from '../support/compiled.ts';

const signal = AbortSignal.timeout(300_000);

let dir: string;
const at = (...parts: readonly string[]) => path.join(dir, ...parts);

beforeAll(async () => {
  await compile();
  dir = await mkdtemp(path.join(tmpdir(), 'file-systems-'));
  const cluster = {
    cluster: 'plum',
    network: { interface: 'lo', address: '127.0.0.1/8', pool: '127.0.0.200-127.0.0.210' },
    roles: { compute: { image: 'debian-lite', overlays: ['base'] } },
    shares: [
      { name: 'home', path: at('srv', 'shares', 'home'), mount: '/home' },
      { name: 'slurm', path: at('srv', 'shares', 'slurm'), mount: '/var/spool/slurm', roles: ['compute'] },
    ],
  };
  for (const folder of [
    'etc',
    'upper',
    'work',
    'state/exports/images/small/1/root',
    'srv/shares/home',
    'srv/shares/slurm',
  ]) {
    await mkdir(at(folder), { recursive: true });
  }
  await writeFile(at('etc/cluster.yaml'), renderYaml(cluster));
  await writeFile(at('state/exports/images/small/1/root/file'), 'of the image\n');
  await writeFile(at('srv/shares/home/mine'), 'of the share\n');
  await writeFile(at('srv/shares/slurm/jobs'), 'of Slurm\n');
}, 150_000);
afterAll(() => rm(dir, { recursive: true }));

/** With an /etc and mounts of its own, which end with it. */
function inside(script: string): Promise<string> {
  const overlay = `lowerdir=/etc,upperdir=${at('upper')},workdir=${at('work')}`;
  const ownEtc = `mount -t overlay overlay -o "${overlay}" /etc`;
  const names = { STATE: at('state'), SHARES: at('srv/shares') };
  const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-euc', `${ownEtc}\n${script}`] as const;
  return run([...argv, 'sh', ...compiledArgv(dir)], { signal, env: names });
}

test('the service refuses folders of this machine, and names the cure', async () => {
  const [program, ...args] = compiledArgv(dir, 'serve', '--no-time');

  const refusal = run([program, ...args], { signal });

  await expect(refusal).rejects.toThrow(/images \(.*exports\/images\) lie on the file system of the secrets/);
  await expect(refusal).rejects.toThrow(/share home .* lie on the file system of the secrets/);
  await expect(refusal).rejects.toThrow(/pi-image init --file-systems/);
});

test('file systems are made once, with what was there, and come back by fstab', async () => {
  const said = await inside(`
"$@" init --file-systems --exports-size 128M --shares-size 64M
cat "$STATE/exports/images/small/1/root/file" "$SHARES/home/mine" "$SHARES/slurm/jobs"
findmnt -no FSTYPE,OPTIONS "$STATE/exports"
"$@" init --file-systems
umount "$STATE/exports" "$SHARES/slurm" "$SHARES"
ls -A "$STATE/exports"
mount "$STATE/exports"
mount "$SHARES"
ls -A "$SHARES/slurm"
mount "$SHARES/slurm"
cat "$STATE/exports/images/small/1/root/file" "$SHARES/home/mine" "$SHARES/slurm/jobs"
`);

  expect(said.match(/of the image\nof the share\nof Slurm/g)).toHaveLength(2);
  expect(said).toMatch(/^ext4 +rw,nosuid,nodev,noatime$/m);
  expect(said).toContain('exports is a file system of its own, in');
  const lines = (await readFile(at('upper/fstab'), 'utf8')).split('\n').filter((line) => line.includes(dir));
  expect(lines).toEqual([
    `${at('state/exports.img')} ${at('state/exports')} ext4 loop,noatime,nodev,nosuid,nofail 0 2`,
    `${at('state/shares.img')} ${at('srv/shares')} ext4 loop,noatime,nodev,nosuid,nofail 0 2`,
    `${at('state/share-slurm.img')} ${at('srv/shares/slurm')} ext4 loop,noatime,nodev,nosuid,nofail 0 2`,
  ]);
});
