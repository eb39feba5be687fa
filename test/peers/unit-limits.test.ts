/** Service and helper boot a board with what their units leave them: an ordinary user with three capabilities, and root with two. */
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { ordinaryUid } from '../support/ordinary-user.ts';
import { boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { withCapabilitiesOf } from '../support/unit-limits.ts';

const unitsDir = path.resolve(import.meta.dirname, '../../boot/systemd');
const http = `http://${storageAddress}/boot/v1`;
const activate = path.resolve(import.meta.dirname, '../support/activate-unix.pl');
const ids = { uid: ordinaryUid, gid: ordinaryUid };
const asUser = `${ids.uid}:${ids.gid}`;

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  // As "pi-image init" and systemd make them.
  await chmod(site.dir, 0o755);
  for (const folder of ['shares', 'state/exports']) await chmod(path.join(site.dir, folder), 0o755);
  await mkdir(path.join(site.dir, 'run'));
  await chown(path.join(site.dir, 'run'), ids.uid, ids.gid);
  // ssh-keygen works for nobody who has no account.
  const account = `pi-image:x:${asUser}::/nonexistent:/usr/sbin/nologin\n`;
  await writeFile(passwdFile(), (await readFile('/etc/passwd', 'utf8')) + account);
});
afterEach(() => site.close());

const passwdFile = () => path.join(site.dir, 'passwd');
const socketFile = () => path.join(site.dir, 'run-root/helper.sock');
const unitText = (name: string) => readFile(path.join(unitsDir, name), 'utf8');
const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', '-f', ...args);
const motd = (version: string) =>
  site.onBoard('nfs-cat', `nfs://${storageAddress}/images/small/${version}/root/etc/motd?version=4`);

async function bootToOverlay(): Promise<void> {
  await site.powerOn();
  const line = await curl(`tftp://${storageAddress}/cmdline.txt`);
  const token = /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
  await curl('-o', '/dev/null', `tftp://${storageAddress}/kernel8.img`);
  await curl('-o', '/dev/null', '-H', `authorization: Bearer ${token}`, `${http}/overlay.tar`);
}

async function startHelper(): Promise<NamespaceProgram> {
  const unit = await unitText('pi-image-helper.service');
  const argv = site.argv('helper', '--user', asUser);
  const handOver = ['perl', activate, socketFile(), String(ids.gid), 'helper', '--'] as const;
  const helper = site.net.start('storage', [...handOver, ...withCapabilitiesOf(unit, argv)]);
  await helper.line(/helper\.ready/);
  return helper;
}

async function startService(...flags: readonly string[]): Promise<NamespaceProgram> {
  const unit = await unitText('pi-image.service');
  return site.net.start(
    'storage',
    withCapabilitiesOf(unit, site.argv('serve', ...flags), { ...ids, passwd: passwdFile() }),
  );
}

const statusOf = (program: NamespaceProgram) => readFile(`/proc/${program.pid}/status`, 'utf8');

test('a service without root boots a board, with an export that the helper has published', async () => {
  // The NFS server is a unit of its own: it exports nothing yet.
  await (await site.serve('--no-time')).stop();
  await site.command('helper', '--prepare', '--user', asUser);
  const helper = await startHelper();
  const service = await startService();
  await service.line(/part\.ready part=dhcp/);
  await service.line(/part\.ready part=time/);
  await service.line(/part\.ready part=nfs/);

  await site.apply([boardNode]);
  await helper.line(/helper\.done act=export .*exports=2/);
  await bootToOverlay();

  expect(await site.problems()).toEqual({});
  expect(await motd('20261121.1')).toBe('first\n');
  const status = await statusOf(service);
  expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
  expect(status).toMatch(new RegExp(`^Uid:\\s*${ids.uid}\\s+${ids.uid}\\s+${ids.uid}\\s`, 'm'));
  // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW.
  expect(status).toMatch(/^CapEff:\s*0000000000003400$/m);
  expect(await statusOf(helper)).toMatch(/^CapEff:\s*000000000000000a$/m);
  const { uid, mode } = await stat(path.join(site.dir, 'state/secrets'));
  expect([uid, mode & 0o777]).toEqual([ids.uid, 0o700]);

  // A helper that was restarted goes on where the other one was.
  await helper.stop();
  const next = await startHelper();
  await site.publish('20261122.1', 'second\n');
  // The old version stays for the board that has begun to boot it.
  await next.line(/helper\.done act=export .*exports=3/);
  expect(await motd('20261122.1')).toBe('second\n');
  await service.stop();
});

test('without root and without a helper it says what lacks', async () => {
  await site.command('helper', '--prepare', '--user', asUser);

  const service = await startService('--no-time');

  expect(await service.ended).toBe(1);
  expect(service.lines.join('\n')).toContain(
    `neither this process is root, nor does a helper that is listen on ${socketFile()}`,
  );
});
