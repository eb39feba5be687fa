/** What boards without a name send over HTTP, and what becomes of it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { HoldReport } from '../../src/plan/hold-report.ts';
import { holdRoutes } from '../../src/serve/http-hold.ts';

type Order = 'wait' | 'blink' | 'reboot' | 'too-often';

let server: Server;
let order: Order | Promise<Order> = 'wait';
const heard: { readonly report: HoldReport; readonly address: string; readonly signal: AbortSignal }[] = [];

beforeEach(async () => {
  heard.length = 0;
  order = 'wait';
  const app = express();
  holdRoutes(app, {
    holds: {
      ask: (report, from) => {
        heard.push({ report, ...from });
        return Promise.resolve(order);
      },
    },
  });
  server = createServer(app);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const send = (body: string, signal: AbortSignal | null = null) =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/boot/v1/hold`, {
    method: 'POST',
    body,
    signal,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

const mac = 'mac=dc:a6:32:aa:bb:cc';

test.each([
  ['wait', 200, 'wait\n'],
  ['blink', 200, 'blink\n'],
  ['reboot', 200, 'reboot\n'],
  ['too-often', 429, 'asked too often: ask again in 10 s\n'],
] as const)('%s is answered with %i', async (wanted, status, text) => {
  order = wanted;
  const answer = await send(`${mac}&model=Pi+4`);

  expect([answer.status, await answer.text()]).toEqual([status, text]);
  expect(heard).toMatchObject([
    { report: { mac: 'dc:a6:32:aa:bb:cc', facts: { model: 'Pi 4' } }, address: '127.0.0.1' },
  ]);
});

describe('nothing is heard of', () => {
  test.each([
    ['a form without a MAC address', 'model=Pi+4', 400],
    ['a form that is too large', `${mac}&model=${'x'.repeat(3000)}`, 413],
    ['more fields than a board sends', `${mac}&${'a=1&'.repeat(20)}`, 413],
  ])('%s', async (_name, body, status) => {
    expect((await send(body)).status).toBe(status);
    expect(heard).toEqual([]);
  });
});

test('a board that hangs up is let go', async () => {
  order = new Promise(() => undefined);
  const gone = new AbortController();
  const asked = send(mac, gone.signal).catch((error: Error) => error.name);
  await expect.poll(() => heard.length).toBe(1);

  gone.abort();

  expect(await asked).toBe('AbortError');
  await expect.poll(() => heard[0]?.signal.aborted).toBe(true);
});
