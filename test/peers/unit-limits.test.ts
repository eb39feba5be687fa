/** The service boots a board with what its unit leaves it, and no capability more. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';
import { withCapabilitiesOf } from '../support/unit-limits.ts';

const unitFile = path.resolve(import.meta.dirname, '../../boot/systemd/pi-image.service');
const http = `http://${storageAddress}/boot/v1`;

let site: ServeFixture;
let unit: string;
beforeEach(async () => {
  unit = await readFile(unitFile, 'utf8');
  site = new ServeFixture();
  await site.open();
  await site.apply([boardNode]);
});
afterEach(() => site.close());

const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', '-f', ...args);

async function bootToOverlay(): Promise<void> {
  await site.powerOn();
  const line = await curl(`tftp://${storageAddress}/cmdline.txt`);
  const token = /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
  await curl('-o', '/dev/null', `tftp://${storageAddress}/kernel8.img`);
  await curl('-o', '/dev/null', '-H', `authorization: Bearer ${token}`, `${http}/overlay.tar`);
}

test('it boots a board, gives the time and adopts the NFS server with the capabilities of its unit', async () => {
  // The NFS server is a unit of its own.
  await (await site.serve('--no-time')).stop();

  const service = site.net.start('storage', withCapabilitiesOf(unit, site.argv('serve')));
  await service.line(/part\.ready part=dhcp/);
  await service.line(/part\.ready part=time/);
  await bootToOverlay();

  expect(await site.problems()).toEqual({});
  expect(await site.onBoard('nfs-cat', `nfs://${storageAddress}/images/small/20261121.1/root/etc/motd?version=4`)).toBe(
    'first\n',
  );
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
  await service.stop();
});
