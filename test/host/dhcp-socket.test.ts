/** What the DHCP socket refuses before it opens anything; real sockets are opened in test/peers/dhcp.test.ts. */
import { open } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { openDhcpSocket } from '../../src/host/dhcp-socket.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';

const options = {
  interface: 'lo',
  address: parseIpv4('127.0.0.1'),
  port: 67,
  name: 'dhcp',
  inherited: [],
  signal: AbortSignal.timeout(20_000),
} as const;

test('an interface that is not there', async () => {
  await expect(openDhcpSocket({ ...options, interface: 'nosuch0' })).rejects.toThrow(
    'this machine has no interface nosuch0',
  );
});

test('an inherited file descriptor that is no UDP socket', async () => {
  const file = await open('/dev/null');

  await expect(openDhcpSocket({ ...options, inherited: [{ fd: file.fd, name: 'dhcp' }] })).rejects.toMatchObject({
    message: 'the DHCP socket from systemd is bound to nothing that is UDP and not to 0.0.0.0%lo:67',
    hint: 'Set BindToDevice=lo and ListenDatagram=0.0.0.0:67 with "systemctl edit pi-image-dhcp.socket", then restart it.',
  });

  // Refusing does not close what was handed over.
  expect((await file.stat()).isCharacterDevice()).toBe(true);
  await file.close();
});
