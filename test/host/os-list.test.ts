/** The catalog of images from a server that means no good. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { fetchOsList } from '../../src/host/os-list.ts';

test('an answer without end is given up', async () => {
  let sent = 0;
  const server = createServer((_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const send = (): void => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', send);
      }
    };
    send();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;

  const asked = fetchOsList(`http://127.0.0.1:${port}/list.json`, AbortSignal.timeout(15_000));

  await expect(asked).rejects.toMatchObject({
    message: expect.stringContaining('cannot read the catalog'),
    cause: expect.objectContaining({ message: 'it has more than 32 MB' }),
  });
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});
