import { expect, test } from 'vitest';

import type { NfsExport } from '../../src/model/export.ts';
import { parseIpv4, parseIpv4Interface } from '../../src/model/ipv4.ts';
import { renderChronyConfig } from '../../src/plan/chrony-config.ts';
import { renderGaneshaConfig, renderKernelExports } from '../../src/plan/nfs-config.ts';

const exports: readonly NfsExport[] = [
  {
    id: 1,
    path: '/var/lib/pi-image/exports/images/debian-lite/20261121.1/root',
    pseudo: '/images/debian-lite/20261121.1/root',
    access: 'read-only',
    clients: [parseIpv4('10.42.0.11'), parseIpv4('10.42.0.12')],
  },
  { id: 7, path: '/srv/home', pseudo: '/shares/home', access: 'read-write', clients: [parseIpv4('10.42.0.12')] },
];
const settings = { address: parseIpv4('10.42.0.1'), port: 2049, recoveryDir: '/var/lib/pi-image/nfs/recovery' };

test('ganesha reads one export per tree, closed to all but its clients', async () => {
  await expect(renderGaneshaConfig(settings, exports)).toMatchFileSnapshot('../golden/nfs/ganesha.conf');
});

test('the kernel reads the same trees below one root', async () => {
  await expect(renderKernelExports('/var/lib/pi-image/nfs/root', exports)).toMatchFileSnapshot(
    '../golden/nfs/pi-image.exports',
  );
});

test('chrony serves its own clock to the boot network alone', async () => {
  const config = renderChronyConfig({
    address: parseIpv4Interface('10.42.0.1/24'),
    pidFile: '/run/pi-image/chronyd.pid',
  });

  await expect(config).toMatchFileSnapshot('../golden/nfs/chrony.conf');
});

test.each(['/srv/a"b', '/srv/a\\b', '/srv/a\nEXPORT {}'])('a path that would end its quotes is refused: %j', (path) => {
  const [first] = exports;
  const odd = [{ ...(first as NfsExport), path }];

  expect(() => renderGaneshaConfig(settings, odd)).toThrow('cannot export');
  expect(() => renderKernelExports(path, odd)).toThrow('cannot export');
});
