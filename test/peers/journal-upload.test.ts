/** A node's journal reaches the storage node as docs/monitoring.md sets it up, by systemd's own programs. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { docsBlocks } from '../support/docs-blocks.ts';
import { pipe } from '../support/pipe-text.ts';
import { boardAddress, boardMac, ServeFixture } from '../support/serve-fixture.ts';

const site = new ServeFixture();
const at = (name: string) => path.join(site.dir, name);

beforeAll(async () => {
  await site.open();
  await site.writeCluster({ roles: { compute: { image: 'small', overlays: ['base', 'journal-upload'] } } });
  await site.apply([{ name: 'node01', mac: boardMac, board: 'pi4', address: boardAddress, role: 'compute' }]);
  await site.command('overlay', 'render', 'node01', '--out', at('node01'));
  await site.onBoard('ip', 'address', 'add', `${boardAddress}/24`, 'dev', 'end0');
}, 120_000);
afterAll(() => site.close(), 60_000);

/** What the page tells the receiver's units, as systemd would start them. */
async function receiverArgv(folder: string): Promise<string[]> {
  const units = (await docsBlocks('monitoring.md', 'ini')).join('\n');
  const listen = /^ListenStream=(\S+:\d+)$/m.exec(units)?.[1] ?? '';
  const start = /^ExecStart=(\S.*)$/m.exec(units)?.[1] ?? '';
  const words = start.replace('/var/log/journal/remote/', folder).split(' ');
  return ['systemd-socket-activate', '-l', listen, ...words];
}

/** Journal Export Format: what happened on a node. */
async function writeJournal(file: string, message: string): Promise<void> {
  const fields = {
    __CURSOR: 's=0123456789abcdef0123456789abcdef;i=1;b=fedcba9876543210fedcba9876543210;m=1;t=1;x=1',
    __REALTIME_TIMESTAMP: '1795248000000000',
    __MONOTONIC_TIMESTAMP: '1000000',
    _BOOT_ID: 'fedcba9876543210fedcba9876543210',
    _MACHINE_ID: '0123456789abcdef0123456789abcdef',
    _HOSTNAME: 'node01',
    MESSAGE: message,
  };
  const input = `${Object.entries(fields)
    .map((pair) => `${pair.join('=')}\n`)
    .join('')}\n`;
  await run(['/lib/systemd/systemd-journal-remote', '-o', file, '-'], { input, signal: AbortSignal.timeout(20_000) });
}

test('what a node logs can be read on the storage node', async () => {
  const folder = at('received');
  await mkdir(folder);
  await writeJournal(at('sent.journal'), 'the fan has stopped');
  const receiver = site.net.start('storage', await receiverArgv(folder));
  await receiver.line(/Listening on/);
  // The program reads its configuration from no other place.
  const script =
    'mount --bind "$1" /etc/systemd/journal-upload.conf && exec /lib/systemd/systemd-journal-upload --file="$2"';
  const config = at('node01/etc/systemd/journal-upload.conf');
  const upload = ['unshare', '-m', 'sh', '-c', script, 'upload', config, at('sent.journal')];
  // It waits for more.
  const uploader = site.net.start('board', upload);
  const read = () =>
    run(['journalctl', '-D', folder, '-o', 'short', '_HOSTNAME=node01'], { signal: AbortSignal.timeout(20_000) });

  await expect.poll(read, { timeout: 60_000, interval: 500 }).toContain('node01 unknown: the fan has stopped');
  await uploader.stop();
  await receiver.stop();
});

test('a receiver that is not there is asked again for ever', async () => {
  const unit = at('node01/etc/systemd/system/systemd-journal-upload.service.d/pi-image.conf');
  await writeFile(
    at('systemd-journal-upload.service'),
    await run(['cat', '/lib/systemd/system/systemd-journal-upload.service', unit], {
      signal: AbortSignal.timeout(5000),
    }),
  );
  const verify = () => pipe(['systemd-analyze', 'verify', '--man=no', at('systemd-journal-upload.service')], '');

  expect(await verify()).toEqual({ code: 0, said: '' });
  await appendFile(at('systemd-journal-upload.service'), 'RestartSec=soon\n');
  expect((await verify()).said).toContain('soon');
});
