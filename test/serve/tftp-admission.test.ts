/** The server's own transfers hold a board back, and the log says it once. */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { ipv4FromNumber, parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { bootAdmission } from '../../src/serve/tftp-admission.ts';
import { read, text } from './tftp-client.ts';
import { setUp } from './tftp-setup.ts';

const { start, newClient } = setUp();
const node = (index: number) => ({
  mac: parseMac(`dc:a6:32:00:${index.toString(16).padStart(4, '0').replace(/..$/, ':$&')}`),
  address: ipv4FromNumber(0x0a2a0000 + index),
  board: 'pi5' as const,
});

function newAdmission() {
  const clock = { nowMs: 0 };
  const lines: string[] = [];
  const log = (event: string, fields?: object) => lines.push(`${event} ${JSON.stringify(fields)}`);
  return { ...bootAdmission({ info: log, warn: log }, () => clock.nowMs), clock, lines };
}

test('a storm is two lines: it begins, and it is over', async () => {
  const { admit, watch, clock, lines } = newAdmission();
  watch.began(node(255).address, 0);
  watch.ended(node(255).address, 20_000_000);
  const decisions = Array.from({ length: 130 }, (_none, index) => admit(node(index)).kind);
  expect(decisions.filter((kind) => kind === 'now')).toHaveLength(100);
  await nextTurn();
  clock.nowMs = 16_000;
  for (let index = 100; index < 130; index++) expect(admit(node(index)).kind).toBe('now');

  expect(lines).toEqual([
    'boot.held {"loading":100,"bytesPerSecond":100000000}',
    'boot.none-held {"atMost":30,"longestWaitMs":16000}',
  ]);
});

test('what the server sends takes the place of a boot, until the board has it', async () => {
  const { admit, watch, clock } = newAdmission();
  const server = await start({ x: text('x'.repeat(600)) }, { watch });
  const client = await newClient();
  for (let index = 0; index < 99; index++) admit(node(index));
  client.send(read('x'), server.port);
  const { port } = await client.next();
  client.send({ kind: 'ack', block: 1 }, port);
  await client.next();

  expect(admit(node(200)).kind).toBe('later');
  client.send({ kind: 'ack', block: 2 }, port);
  await server.end(0);
  await nextTurn();
  clock.nowMs = 10_000;

  expect(admit(node(200))).toEqual({ kind: 'now', waitedMs: 10_000 });
  expect(admit({ ...node(201), address: parseIpv4('127.0.0.1') }).kind).toBe('later');
});

test('all DISCOVERs of one turn are one crowd, however long it takes; the next turn lets others in', async () => {
  const { admit, watch, clock } = newAdmission();
  const admitMany = (from: number) => {
    const decisions = Array.from({ length: 140 }, (_none, index) => {
      clock.nowMs += 1;
      return admit(node(from + index)).kind;
    });
    return decisions.filter((kind) => kind === 'now').length;
  };

  expect(admitMany(0)).toBe(100);
  await nextTurn();
  expect(admitMany(200)).toBe(64);
  await nextTurn();
  watch.asked(node(0).address);
  expect(admitMany(400)).toBe(0);
});
