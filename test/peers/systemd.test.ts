/** The unit files are what systemd understands, and they use the files that the service uses. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { helperSocket, rootRuntime } from '../../src/cli/root-runtime.ts';
import { nfsUnit } from '../../src/host/nfs/unit.ts';
import { run } from '../../src/host/process.ts';
import { rootsFolders } from '../../src/host/service-state.ts';
import { serviceUser } from '../../src/host/service-user.ts';

const shipped = path.resolve(import.meta.dirname, '../../boot/systemd');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'units-'));
  await cp(shipped, dir, { recursive: true });
});
afterEach(() => rm(dir, { recursive: true }));

test('systemd finds nothing to complain about', async () => {
  for (const name of ['pi-image.service', 'pi-image-helper.service']) {
    const file = path.join(dir, name);
    const unit = await readFile(file, 'utf8');
    // It looks for the program, which is not installed where tests run.
    await writeFile(file, unit.replaceAll('/usr/local/bin/pi-image', '/bin/true'));
  }
  const units = (await readdir(dir)).map((name) => path.join(dir, name));
  const lines: string[] = [];

  await run(['systemd-analyze', 'verify', ...units], {
    signal: AbortSignal.timeout(60_000),
    onLine: (line) => lines.push(line),
  });

  expect(lines).toEqual([]);
  expect(units).toHaveLength(6);
});

test('the NFS unit runs ganesha with the files that the service writes', async () => {
  const unit = await readFile(path.join(shipped, nfsUnit), 'utf8');
  const { config, log } = ganeshaFiles('/var/lib/pi-image/nfs');

  expect(unit).toContain(
    `ExecStart=/usr/bin/ganesha.nfsd -F -f ${config} -L ${log} -p ${rootRuntime({ runtime: '/run/pi-image' })}/ganesha.pid\n`,
  );
  expect(unit).toContain(`ConditionPathExists=${config}\n`);
});

test('the service may do what its datagrams need', async () => {
  const unit = await readFile(path.join(shipped, 'pi-image.service'), 'utf8');
  const words = (name: string) => wordsOf(unit, name);

  expect(words('RestrictAddressFamilies')).toEqual(expect.arrayContaining(['AF_INET', 'AF_NETLINK', 'AF_PACKET']));
  for (const name of ['AmbientCapabilities', 'CapabilityBoundingSet']) {
    expect(words(name)).toEqual(['CAP_NET_BIND_SERVICE', 'CAP_NET_RAW', 'CAP_NET_ADMIN']);
  }
});

const wordsOf = (unit: string, name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].flatMap(([, value = '']) => value.split(' '));

test('the service is not root, and cannot put anything in the place of what is root’s', async () => {
  const unit = await readFile(path.join(shipped, 'pi-image.service'), 'utf8');

  expect(wordsOf(unit, 'User')).toEqual([serviceUser]);
  expect(wordsOf(unit, 'ReadOnlyPaths')).toEqual(rootsFolders.map((name) => `-/var/lib/pi-image/${name}`));
  // systemd would give the whole folder to the user, trees of images with it.
  expect(unit).not.toMatch(/^StateDirectory=/m);
  expect(unit).toMatch(/^ExecStartPre=\+\S+ helper --prepare$/m);
});

test('the helper listens where the service asks, for nobody but its group', async () => {
  const socket = await readFile(path.join(shipped, 'pi-image-helper.socket'), 'utf8');
  const helper = await readFile(path.join(shipped, 'pi-image-helper.service'), 'utf8');

  expect(wordsOf(socket, 'ListenStream')).toEqual([helperSocket({ runtime: '/run/pi-image' })]);
  expect([wordsOf(socket, 'SocketUser'), wordsOf(socket, 'SocketGroup')]).toEqual([['root'], [serviceUser]]);
  expect(wordsOf(socket, 'SocketMode')).toEqual(['0660']);
  expect(wordsOf(helper, 'CapabilityBoundingSet')).toEqual(['CAP_DAC_OVERRIDE', 'CAP_FOWNER']);
});

/** In tenths, as the option takes it. */
const mostExposure = 25;

test('the network unit is exposed to at most 2.5 of 10, by what systemd counts', async () => {
  const file = path.join(shipped, 'pi-image.service');
  const analyze = [
    'systemd-analyze',
    'security',
    '--offline=true',
    '--no-pager',
    `--threshold=${mostExposure}`,
  ] as const;

  const table = await run([...analyze, file], { signal: AbortSignal.timeout(60_000) });

  const [, exposure = '10'] = /Overall exposure level for pi-image\.service: ([\d.]+)/.exec(table) ?? [];
  expect(Number(exposure)).toBeGreaterThan(0);
  expect(Number(exposure) * 10).toBeLessThanOrEqual(mostExposure);
});
