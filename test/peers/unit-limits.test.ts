/** Service and helper boot a board with what their units leave them: an ordinary user with three capabilities, and root with two. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { NamespaceProgram } from '../support/namespaces.ts';
import { boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';
import { SplitService } from '../support/split-service.ts';

const http = `http://${storageAddress}/boot/v1`;

let site: ServeFixture;
let split: SplitService;
beforeEach(async () => {
  site = new ServeFixture();
  split = new SplitService(site);
  await site.open();
  await split.prepare();
});
afterEach(() => site.close());

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

const statusOf = (program: NamespaceProgram) => readFile(`/proc/${program.pid}/status`, 'utf8');

test('a service without root boots a board, with an export that the helper has published', async () => {
  // The NFS server is a unit of its own: it exports nothing yet.
  await (await site.serve('--no-time')).stop();
  await split.giveState();
  const helper = await split.startHelper();
  const service = await split.startService();
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
  expect(status).toMatch(new RegExp(`^Uid:\\s*${split.ids.uid}\\s+${split.ids.uid}\\s+${split.ids.uid}\\s`, 'm'));
  // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW.
  expect(status).toMatch(/^CapEff:\s*0000000000003400$/m);
  expect(await statusOf(helper)).toMatch(/^CapEff:\s*000000000000000a$/m);
  const { uid, mode } = await stat(path.join(site.dir, 'state/secrets'));
  expect([uid, mode & 0o777]).toEqual([split.ids.uid, 0o700]);

  // A helper that was restarted goes on where the other one was.
  await helper.stop();
  const next = await split.startHelper();
  await site.publish('20261122.1', 'second\n');
  // The old version stays for the board that has begun to boot it.
  await next.line(/helper\.done act=export .*exports=3/);
  expect(await motd('20261122.1')).toBe('second\n');
  await service.stop();
});

test('without root and without a helper it says what lacks', async () => {
  await split.giveState();

  const service = await split.startService('--no-time');

  expect(await service.ended).toBe(1);
  expect(service.lines.join('\n')).toContain(
    `neither this process is root, nor does a helper that is listen on ${split.socket}`,
  );
});
