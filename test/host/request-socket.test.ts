/** A line asked and a line answered, whatever else comes over the socket. */
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { answerRequests, requestLines, requestOnce } from '../../src/host/request-socket.ts';

const longestBytes = 1000;

let dir: string;
let file: string;
let stop: AbortController;
let running: Promise<void>;
let asked: string[];
let aborted: string[];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'request-'));
  file = path.join(dir, 'root', 'helper.sock');
  stop = new AbortController();
  asked = [];
  aborted = [];
  const answer = async (line: string, signal: AbortSignal, say: (line: string) => void) => {
    asked.push(line);
    signal.addEventListener('abort', () => aborted.push(line));
    if (line === 'talk') {
      say('one\n');
      await once(signal, 'abort');
      say('two\n');
    }
    if (line === 'never') await new Promise(() => undefined);
    if (line === 'throw') throw new Error('a bug');
    return `you said ${line}\n`;
  };
  await new Promise<void>((ready) => {
    const listen = { file, gid: process.getgid?.() ?? 0 };
    running = answerRequests({ listen, answer, longestBytes, signal: stop.signal, ready });
  });
});
afterEach(async () => {
  stop.abort();
  await running;
  await rm(dir, { recursive: true });
});

const ask = (line: string, signal = AbortSignal.timeout(5000)) => requestOnce(file, line, { longestBytes, signal });

test('a line is answered by a line, on a socket for its maker and one group', async () => {
  expect(await ask('one\n')).toBe('you said one');
  expect(await Promise.all(['a\n', 'b\n', 'ä\n'].map((line) => ask(line)))).toEqual([
    'you said a',
    'you said b',
    'you said ä',
  ]);
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe('660');
});

test.each([
  ['a line that is too long', 'x'.repeat(longestBytes + 1)],
  ['a line that ends in a bug of ours', 'throw\n'],
])('%s is not answered, and the next one is', async (_, line) => {
  await expect(ask(line)).rejects.toMatchObject({ message: `nobody answers on ${file}` });
  expect(await ask('next\n')).toBe('you said next');
});

test('who asks for two things gets one', async () => {
  expect(await ask('one\ntwo\n')).toBe('you said one');
  expect(asked).toEqual(['one']);
});

test('whoever goes before the answer ends the work', async () => {
  const socket = connect(file);
  await once(socket, 'connect');
  socket.write('never\n');
  await expect.poll(() => asked).toEqual(['never']);

  socket.destroy();

  await expect.poll(() => aborted).toEqual(['never']);
});

test('who wants no more is told the rest', async () => {
  const stopped = new AbortController();
  const said: string[] = [];
  const all = requestLines(file, 'talk\n', { signal: stopped.signal, onLine: (line) => said.push(line) });
  await expect.poll(() => said).toEqual(['one']);

  stopped.abort();
  await all;

  expect(said).toEqual(['one', 'two', 'you said talk']);
});

test('who stops waiting is told his own reason', async () => {
  const mine = new AbortController();
  const answer = ask('never\n', mine.signal);
  await expect.poll(() => asked).toEqual(['never']);

  mine.abort(new Error('enough'));

  await expect(answer).rejects.toThrow('enough');
});

test('where nobody listens there is an error that names the place', async () => {
  const elsewhere = path.join(dir, 'none.sock');
  const signal = AbortSignal.timeout(5000);

  await expect(requestOnce(elsewhere, 'x\n', { longestBytes, signal })).rejects.toMatchObject({
    message: `nobody answers on ${elsewhere}`,
  });
  await expect(requestLines(elsewhere, 'x\n', { signal, onLine: () => undefined })).rejects.toMatchObject({
    message: `nobody answers on ${elsewhere}`,
  });
});

test('a second one does not take the place of the first', async () => {
  const listen = { file, gid: process.getgid?.() ?? 0 };
  const second = answerRequests({
    listen,
    answer: () => Promise.resolve(''),
    longestBytes,
    signal: stop.signal,
    ready: () => undefined,
  });

  await expect(second).rejects.toThrow('another service listens on');
  expect(await ask('one\n')).toBe('you said one');
});
