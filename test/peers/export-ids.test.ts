/** A node that runs goes on reading its root by the handles that it holds, whatever becomes of service, exporter and store. */
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import { readState } from '../../src/host/state-file.ts';
import { boardNode, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const ask = path.resolve(import.meta.dirname, '../support/nfs4-ask.ts');
const running = '/images/small/20261121.1/root/etc/motd';
const later = Array.from({ length: 50 }, (_, index) => ({ version: `20261122.${index + 1}`, number: index + 1 }));

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  await site.apply([boardNode]);
});
afterEach(() => site.close());

const nfs = (verb: 'handle' | 'read', what: string) =>
  site.onBoard(process.execPath, '--import', 'tsx', ask, verb, storageAddress, what);
const exportIds = async () => (await readState(path.join(site.dir, 'state'))).exportIds;

/** As far as its root, as its initramfs tells. */
async function boot(): Promise<void> {
  await site.powerOn();
  const line = await site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
  const token = /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
  const phase = ['-d', 'phase=root&uptime=3.6', `http://${storageAddress}/boot/v1/phase`];
  await site.onBoard('curl', '-sSf', '-H', `authorization: Bearer ${token}`, ...phase);
}

/** A node of its own for each version, so that all of them are exported at the same time. */
async function exportLater(): Promise<void> {
  for (const { version } of later) await site.publish(version, `${version}\n`);
  const roles = later.map(({ version, number }) => [`v${number}`, { image: `small@${version}`, overlays: ['base'] }]);
  const compute = { image: 'small', overlays: ['base'] };
  await site.writeCluster({ roles: { compute, ...(Object.fromEntries(roles) as object) } });
  const nodes = later.map(({ number }) => {
    const [mac, address] = [`dc:a6:32:00:01:${number.toString(16).padStart(2, '0')}`, `10.42.0.${100 + number}`];
    return { name: `late${number}`, mac, board: 'pi4', address, role: `v${number}` };
  });
  // Roles are known as soon as the service has read the file.
  await expect.poll(() => site.apply([boardNode, ...nodes]).catch(String), { timeout: 20_000 }).toContain('applied');
}

/** Nobody wants the later versions any more. */
async function forgetLater(): Promise<void> {
  await site.apply([boardNode]);
  await site.writeCluster();
  await expect
    .poll(async () => JSON.stringify(await request(site.socket, 'GET', '/roles')), { timeout: 20_000 })
    .not.toContain('"v1"');
}

test('an open file is read on after a restart of both, 50 more exports and a clean-up; no export has another number', async () => {
  const first = await site.serve();
  await boot();
  const handle = await nfs('handle', running);
  const before = await exportIds();
  expect(await nfs('read', handle)).toBe('first\n');

  await first.stop();
  await site.command('nfs', 'stop');
  const second = await site.serve();
  expect(await nfs('read', handle)).toBe('first\n');

  await exportLater();
  await second.line(/nfs\.exported .*20261122\.1\/.*20261122\.50\//);
  expect(await nfs('read', handle)).toBe('first\n');
  const all = await exportIds();
  expect(all).toMatchObject(before);
  expect(new Set(Object.values(all)).size).toBeGreaterThanOrEqual(51);

  await forgetLater();
  const said = await site.command('image', 'gc', '--keep', '1', '-o', 'name');
  expect(said.split('\n').filter(Boolean)).toHaveLength(49);
  expect(await site.command('image', 'list', '-o', 'name')).toBe('small@20261122.50\nsmall@20261121.1\n');
  expect(await nfs('read', handle)).toBe('first\n');
  expect(await nfs('handle', running)).toBe(handle);
  expect(await exportIds()).toMatchObject(all);
}, 240_000);
