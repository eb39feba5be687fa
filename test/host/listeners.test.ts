/** Lines of ss, as it prints them. */
import { createServer } from 'node:net';
import { once } from 'node:events';

import { expect, onTestFinished, test } from 'vitest';

import { parseListeners, readListeners } from '../../src/host/listeners.ts';

test('lines of ss become listeners', () => {
  const text = [
    'udp   UNCONN 0      0      0.0.0.0%eth0:67        0.0.0.0:*    users:(("node",pid=14,fd=20))',
    'tcp   LISTEN 0      128            [::]:2049         [::]:*    users:(("ganesha.nfsd",pid=15,fd=9),("x",pid=2,fd=1))',
    'tcp   LISTEN 0      64          0.0.0.0:2049      0.0.0.0:*                                 ',
    'nonsense',
    '',
  ].join('\n');

  expect(parseListeners(text)).toEqual([
    { protocol: 'udp', address: '0.0.0.0', device: 'eth0', port: 67, program: 'node', pid: 14 },
    { protocol: 'tcp', address: '[::]', device: undefined, port: 2049, program: 'ganesha.nfsd', pid: 15 },
  ]);
});

test('a port that this process has is among them', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  const found = await readListeners(AbortSignal.timeout(10_000));

  expect(found).toContainEqual(
    expect.objectContaining({ protocol: 'tcp', address: '127.0.0.1', port, pid: process.pid }),
  );
});
