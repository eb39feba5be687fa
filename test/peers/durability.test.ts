/** The answer leaves when the disk has it: seen in the system calls of the running service. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { macToBytes, parseMac } from '../../src/model/mac.ts';
import { Admin, setRole } from '../support/chaos-admin.ts';
import { ChaosSite, idle, stranger } from '../support/chaos-site.ts';
import { compile } from '../support/compiled.ts';
import { boardMac } from '../support/serve-fixture.ts';
import { findNamedTooLate, findTooEarly } from '../support/strace-order.ts';
import { readTrace, type Call } from '../support/strace-read.ts';

const site = new ChaosSite();
let calls: readonly Call[] = [];

beforeAll(async () => {
  await compile();
  await site.open();
  await site.reset();
  const record = path.join(site.fixture.dir, 'calls');
  const service = await site.serveRecorded(record);
  const admin = new Admin(site.fixture.socket);
  const over = new AbortController();
  admin.follow(over.signal);
  await admin.call(setRole(idle.name, 'login'));
  await site.run();
  await sleep(200);
  over.abort();
  await service.stop();
  calls = readTrace(await readFile(record, 'latin1'));
}, 120_000);
afterAll(() => site.close());

const log = '/state/state.db-wal';

/** Each is answered with 204, in this order. */
const phases = ['kernel', 'network', 'root', 'overlay', 'userspace', 'ready'];

/** RFC 2132 §9.6. */
const [offerType, ackType] = [2, 5];

/** RFC 2131 §2: op 2. */
const isReplyTo = (mac: string, type: number) => {
  const to = Buffer.from(macToBytes(parseMac(mac)));
  return ({ on, content }: Call) =>
    on.startsWith('UDP') && content.includes(to) && content.includes(Buffer.from([53, 1, type]));
};
const isHttp = (status: number) => {
  return (call: Call) => call.on.startsWith('TCP') && call.content.includes(`HTTP/1.1 ${status} `);
};

test('the board became ready', () => {
  expect(calls.filter(isHttp(204))).toHaveLength(phases.length);
});

describe('nothing is acknowledged before it is on the disk:', () => {
  test('the OFFER to a board whose MAC was learned', () => {
    expect(
      findTooEarly(calls, { file: log, mark: boardMac, isAnswer: isReplyTo(boardMac, offerType) }),
    ).toBeUndefined();
  });

  test('the token of a boot', () => {
    const isAnswer = ({ on, content }: Call) => on.startsWith('UDP') && content.includes('pi_image.token=');
    expect(findTooEarly(calls, { file: log, mark: '"phase":"offered"', isAnswer })).toBeUndefined();
    expect(findNamedTooLate(calls, { folder: '/state/boot', isAnswer })).toBeUndefined();
  });

  test('the ACK to a board that nobody knows', () => {
    const isAnswer = isReplyTo(stranger.mac, ackType);
    expect(findTooEarly(calls, { file: log, mark: stranger.mac, isAnswer })).toBeUndefined();
  });

  test.each(phases)('the report of the phase %s', (phase) => {
    const answer = calls.filter(isHttp(204))[phases.indexOf(phase)];
    const isAnswer = (call: Call) => call === answer;
    expect(findTooEarly(calls, { file: log, mark: `"phase":"${phase}"`, isAnswer })).toBeUndefined();
  });

  test('the overlay with the key of the boot', () => {
    const isAnswer = (call: Call) => isHttp(200)(call) && call.content.includes('  overlay.tar\n');
    expect(findTooEarly(calls, { file: log, mark: '"overlaySha256":"', isAnswer })).toBeUndefined();
  });

  test('another role, and the event that tells it', () => {
    const isAnswer = ({ on, content }: Call) => on.startsWith('UNIX') && content.includes('"isChanged":true');
    const isEvent = ({ on, content }: Call) => on.startsWith('UNIX') && content.includes('event: node.role-set');
    expect(findTooEarly(calls, { file: log, mark: '"role":"login"', isAnswer })).toBeUndefined();
    expect(findTooEarly(calls, { file: log, mark: '"to":"login"', isAnswer: isEvent })).toBeUndefined();
  });
});

describe('the check finds', () => {
  const hex = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const write = `7 pwrite64(25<${hex('/s/state/state.db-wal')}>, "${hex('..role..')}", 8, 32) = 8`;
  const sync = `7 fsync(25<${hex('/s/state/state.db-wal')}>) = 0`;
  const failed = `7 fsync(25<${hex('/s/state/state.db-wal')}>) = -1 EIO (Input/output error)`;
  const other = `7 fsync(26<${hex('/s/state/state.db')}>) = 0`;
  const answer = `7 writev(31<UNIX-STREAM:[1->2]>, [{iov_base="${hex('HTTP/1.1 200 OK')}", iov_len=15}], 1) = 15`;
  const begun = `8 fsync(25<${hex('/s/state/state.db-wal')}> <unfinished ...>`;
  const ended = '8 <... fsync resumed>) = 0';

  test.each<[string, string[], string | undefined]>([
    ['nothing in the right order', [write, sync, answer], undefined],
    ['nothing when another thread syncs', [write, begun, ended, answer], undefined],
    ['an answer before the write', [answer, write, sync], 'the answer left before "role" was on the disk'],
    ['an answer before the sync', [write, answer, sync], 'the answer left before "role" was on the disk'],
    ['an answer while it is synced', [write, begun, answer, ended], 'the answer left before "role" was on the disk'],
    ['a sync that failed', [write, failed, answer], 'not synced'],
    ['a sync of another file', [write, other, answer], 'not synced'],
    ['a sync before the write', [sync, write, answer], 'not synced'],
    ['no write', [sync, answer], 'never written'],
    ['no answer', [write, sync], 'nothing was answered'],
  ])('%s', (_name, lines, expected) => {
    const isAnswer = ({ content }: Call) => content.includes('HTTP/1.1 200');
    const found = findTooEarly(readTrace(lines.join('\n')), { file: log, mark: 'role', isAnswer });
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(expected);
  });
});
