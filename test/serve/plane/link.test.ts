import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { newLinkCounts, openLink } from '../../../src/serve/plane/link.ts';

let ports: readonly [MessagePort, MessagePort];
beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  ports = [port1, port2];
});
afterEach(() => {
  for (const port of ports) port.close();
});

function openPair(received: (message: unknown) => void) {
  const counts = newLinkCounts();
  const thread = openLink<unknown, unknown>(ports[0], { end: 'thread', counts, received: () => undefined });
  const crossings: unknown[] = [];
  ports[1].on('message', (value) => crossings.push(value));
  const listen = () => openLink<unknown, unknown>(ports[1], { end: 'service', counts, received });
  return { thread, crossings, listen };
}

describe('what is sent', () => {
  test('in one turn crosses together, in order', async () => {
    const taken: unknown[] = [];
    const { thread, crossings, listen } = openPair((message) => taken.push(message));
    listen();

    for (const message of [1, 2, 3]) thread.send(message);
    await expect.poll(() => taken).toEqual([1, 2, 3]);
    thread.send(4);
    await expect.poll(() => taken).toEqual([1, 2, 3, 4]);

    expect(crossings).toEqual([[1, 2, 3], [4]]);
  });

  test('counts until the other side has taken it', async () => {
    const { thread, listen } = openPair(() => undefined);
    thread.send('a');
    thread.send('b');
    await new Promise((resolve) => setImmediate(resolve));
    expect(thread.backlog()).toBe(2);

    listen();

    await expect.poll(() => thread.backlog()).toBe(0);
  });

  test('can move a buffer', async () => {
    const taken: unknown[] = [];
    const { thread, listen } = openPair((message) => taken.push(message));
    listen();
    const bytes = Uint8Array.of(1, 2, 3);

    thread.send({ bytes }, bytes.buffer);

    await expect.poll(() => taken).toEqual([{ bytes: Uint8Array.of(1, 2, 3) }]);
    expect(bytes.byteLength).toBe(0);
  });
});
