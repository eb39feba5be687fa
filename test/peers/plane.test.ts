/** The boot plane's thread in the whole service: with sockets from systemd, and when it dies. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { compile, compiledArgv } from '../support/compiled.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { boardAddress, boardMac, kernelBytes, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const node01 = { name: 'node01', mac: boardMac, board: 'pi4', address: boardAddress, role: 'compute' };

let site: ServeFixture;
beforeAll(compile, 120_000);
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  await site.apply([node01]);
});
afterEach(() => site.close());

const crashFile = () => path.join(site.dir, 'crash');
const crash = () => writeFile(crashFile(), '');

/** Node's --import reaches threads too: this one lets an error escape there as soon as the file is written. */
function crashing(): string {
  const code = `
    import { isMainThread } from 'node:worker_threads';
    import { existsSync, rmSync } from 'node:fs';
    const file = ${JSON.stringify(crashFile())};
    const look = () => {
      if (!existsSync(file)) return;
      rmSync(file);
      throw new TypeError('the test lets it escape');
    };
    if (!isMainThread) setInterval(look, 20).unref();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function serve(...before: readonly string[]): Promise<NamespaceProgram> {
  const [node, ...args] = compiledArgv(site.dir, 'serve', '--no-time');
  const service = site.net.start('storage', [...before, node, '--import', crashing(), ...args]);
  await service.line(/part\.ready part=dhcp/);
  return service;
}

async function bootFromIt(): Promise<void> {
  await site.onBoard('ip', 'address', 'flush', 'dev', 'end0');
  await site.powerOn();
  const kernel = `tftp://${storageAddress}/kernel8.img`;
  const loaded = await site.onBoard('curl', '-sS', '-o', '/dev/null', '-w', '%{size_download}', kernel);
  expect(loaded).toBe(String(kernelBytes));
}

const datagrams = (choice: 'addon' | 'plain') => ['env', `PI_IMAGE_DATAGRAMS=${choice}`];

test.each(['addon', 'plain'] as const)(
  'a thread that dies is told once, and the next one serves: %s',
  async (choice) => {
    const service = await serve(...datagrams(choice));
    await bootFromIt();

    await crash();
    await service.line(/part\.failed part=tftp/);
    await service.line(/part\.ready part=dhcp/, 2);
    await service.line(/part\.ready part=tftp/, 2);

    await bootFromIt();
    const told = service.lines.filter((line) => line.includes('the test lets it escape'));
    expect(told.filter((line) => line.includes('plane.died'))).toHaveLength(1);
    expect(told.filter((line) => line.includes('at Timeout.look'))).toHaveLength(1);
    expect(await service.stop()).toBe(0);
  },
);

describe('with sockets from systemd on a machine with two networks', () => {
  const activated = (choice: 'addon' | 'plain') => {
    const program = path.join(import.meta.dirname, '../support/activate.pl');
    return [...datagrams(choice), 'perl', program, 'dhcp=eth0:67', 'dhcp-client=eth0:68', '--'];
  };

  beforeEach(async () => {
    await site.net.add('elsewhere');
    const other = { namespace: 'storage', interface: 'eth1', address: '192.168.7.1/24' };
    await site.net.cable(other, { namespace: 'elsewhere', interface: 'end0', mac: '02:00:00:00:00:77' });
  });

  test('Node has no other socket when the thread is gone: the service ends, to be started again', async () => {
    const service = await serve(...activated('plain'));
    await bootFromIt();

    await crash();

    expect(await service.ended).toBe(1);
    expect(service.lines.join('\n')).toMatch(/the DHCP socket from systemd went with the thread that had it/);
  });

  test('the addon opens one of its own', async () => {
    const service = await serve(...activated('addon'));
    await bootFromIt();

    await crash();
    await service.line(/part\.ready part=dhcp/, 2);

    await bootFromIt();
    expect(await service.stop()).toBe(0);
  });
});
