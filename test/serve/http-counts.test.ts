/** An HTTP server's answers are counted by status, with the bytes that left. */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { counted, newHttpCounts } from '../../src/serve/http-counts.ts';

test('several answers of one connection are counted each', async () => {
  const counts = newHttpCounts();
  const server = createServer(
    counted(counts, ({ url }, response) => {
      if (url === '/gone') response.destroy();
      else response.writeHead(url === '/' ? 200 : 404, { 'content-length': 1000 }).end(Buffer.alloc(1000));
    }),
  ).listen(0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string) => {
    const [answer] = (await once(get({ port, path, agent }), 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
  };
  await ask('/');
  await ask('/x');
  await ask('/');
  await ask('/gone').catch(() => undefined);

  await expect
    .poll(() => [...counts.responses])
    .toEqual([
      [200, 2],
      [404, 1],
    ]);
  expect(counts.bytes).toBeGreaterThan(3000);
  expect(counts.bytes).toBeLessThan(4500);
});
