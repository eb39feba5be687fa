/** pi-image status --watch: what changes is told, on a terminal and elsewhere, until it is stopped. */
import { createServer, type ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { ringOnEvents } from '../../src/cli/event-bell.ts';
import { renderScreen, statusChanges, type Status } from '../../src/cli/status-text.ts';
import { watch, type Watched } from '../../src/cli/watch.ts';
import type { NodeStatus } from '../../src/model/node-status.ts';
import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { sampleNode } from '../support/sample-view.ts';
import { timelines } from '../support/sample-timelines.ts';

const image = 'debian-lite@20261121.1';
const runs = { generation: 'g', image, role: 'compute' };

function statusOf(states: Readonly<Record<string, NodeStatus>>, problems: readonly string[] = []): Status {
  return {
    health: { status: 'ok', parts: [{ name: 'nfs', problems, sinceMs: 0 }] },
    nodes: Object.entries(states).map(([name, status]) => Object.assign(sampleNode('node01'), { name, status })),
    unknownBoards: [],
  };
}

describe('lines', () => {
  test('the first time all that matters, then what differs', () => {
    const first = statusOf({
      node01: { state: 'new' },
      node02: { state: 'ready', running: runs },
      node03: { state: 'failed', reason: 'no\u001B[2J root' },
    });
    const then = statusOf(
      {
        node01: { state: 'booting', lastBoot: timelines['under-way'] },
        node02: { state: 'ready', running: { ...runs, role: 'login' } },
        node03: { state: 'failed', reason: 'no\u001B[2J root' },
      },
      ['ganesha.nfsd died'],
    );
    const board = {
      mac: parseMac('dc:a6:32:ff:ff:ff'),
      address: parseIpv4('10.42.0.200'),
      board: 'pi4',
      firstSeenMs: 0,
      lastSeenMs: 0,
    };

    expect(statusChanges(undefined, first)).toEqual([
      'node01: new',
      `node02: ready, ${image} as compute`,
      'node03: failed, no [2J root',
    ]);
    expect(statusChanges(first, then)).toEqual([
      'service nfs: ganesha.nfsd died',
      'node01: booting, root',
      `node02: ready, ${image} as login, next boot as compute`,
    ]);
    expect(statusChanges(then, { ...first, nodes: first.nodes.slice(1), unknownBoards: [board] })).toEqual([
      'service nfs: ok',
      `node02: ready, ${image} as compute`,
      'unknown board dc:a6:32:ff:ff:ff: asks for a name from 10.42.0.200, a pi4',
      'node01: gone',
    ]);
  });

  test('ages and heartbeats are no change', () => {
    const status = statusOf({ node01: { state: 'ready', running: runs } });

    expect(statusChanges(status, structuredClone(status))).toEqual([]);
  });
});

test('a screen that is too small for all nodes shows those that are not well', () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`node${index}`, { state: index === 7 ? 'failed' : 'ready' } as const]),
  );

  const whole = renderScreen(statusOf(many), 0, 200);
  const small = renderScreen(statusOf(many), 0, 30);

  expect(whole.split('\n').length).toBeGreaterThan(100);
  expect(small.match(/^node\d+/gm)).toEqual(['node7']);
  expect(small).toContain('99 of 100 nodes are up and not shown');
});

/** Numbers that come one after the other; an Error is thrown. */
function watched(values: readonly (number | Error)[], stop: AbortController): Watched<number> {
  const left = [...values];
  return {
    read: async () => {
      const next = left.shift();
      if (left.length === 0) stop.abort();
      if (next instanceof Error) throw next;
      return next ?? 0;
    },
    draw: (value) => `picture of ${value}\n`,
    changes: (before, value) => (before === value ? [] : [`${before ?? 'nothing'} -> ${value}`]),
  };
}

async function runWatch(values: readonly (number | Error)[], isScreen: boolean): Promise<string> {
  const stop = new AbortController();
  let out = '';
  await watch(watched(values, stop), {
    stdout: (text) => void (out += text),
    terminal: () => ({ isScreen, columns: 80, rows: 24, isUtf8: true }),
    signal: stop.signal,
    bell: { wait: async () => undefined },
    now: () => Date.UTC(2026, 10, 21, 8, 15),
  });
  return out;
}

describe('watching', () => {
  test('prints a line for each change with its time', async () => {
    expect(await runWatch([1, 1, 2], false)).toBe('2026-11-21T08:15:00Z nothing -> 1\n2026-11-21T08:15:00Z 1 -> 2\n');
  });

  test('goes on over a service that restarts, and says so once', async () => {
    const down = new HostError('no service runs here');

    const lines = (await runWatch([1, down, down, 1, 2], false)).split('\n').map((line) => line.slice(21));

    expect(lines).toEqual(['nothing -> 1', 'no service runs here', 'the service answers again', '1 -> 2', '']);
  });

  test('fails when there is nothing to watch to begin with', async () => {
    await expect(runWatch([new HostError('no service runs here')], true)).rejects.toThrow('no service runs here');
  });

  test('does not go on over a bug', async () => {
    await expect(runWatch([1, new TypeError('x is undefined'), 2], false)).rejects.toThrow('x is undefined');
  });

  test('leaves the last picture on a terminal', async () => {
    const out = await runWatch([1, 2], true);

    expect(out.split('\u001B[?1049l')[1]).toBe('picture of 2\n');
  });
});

/** GET /events of a service; `streams` are the readers it has. */
async function eventServer(): Promise<{ socket: string; streams: Set<ServerResponse>; status: { code: number } }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bell-'));
  const socket = path.join(dir, 'api.sock');
  const streams = new Set<ServerResponse>();
  const status = { code: 200 };
  const server = createServer((_, response) => {
    response.writeHead(status.code, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (status.code === 200) streams.add(response);
    else response.end();
    response.on('close', () => streams.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });
  return { socket, streams, status };
}

describe('the bell', () => {
  /** Milliseconds until it rings. */
  const waitFor = async (bell: ReturnType<typeof ringOnEvents>) => {
    const startedMs = performance.now();
    await bell.wait();
    return performance.now() - startedMs;
  };

  test('rings with an event, and not with what keeps the connection open', async () => {
    const { socket, streams } = await eventServer();
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const bell = ringOnEvents(socket, stop.signal);
    await vi.waitFor(() => expect(streams.size).toBe(1));
    // The connection itself is news.
    await bell.wait();

    const [stream] = streams;
    const rung = waitFor(bell);
    stream?.write(': still here\n\n');
    setTimeout(() => stream?.write('id: 1\nevent: boot.phase\ndata: {}\n\n'), 1500);

    const tookMs = await rung;
    expect(tookMs).toBeGreaterThan(1400);
    expect(tookMs).toBeLessThan(4500);
  });

  test('rings every second where there are no events', async () => {
    const { socket, status } = await eventServer();
    status.code = 404;
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const bell = ringOnEvents(socket, stop.signal);
    await bell.wait();

    const tookMs = await waitFor(bell);

    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(3000);
  });

  test('rings at once when it is stopped, and lets go of the service', async () => {
    const { socket, streams } = await eventServer();
    const stop = new AbortController();
    const bell = ringOnEvents(socket, stop.signal);
    await vi.waitFor(() => expect(streams.size).toBe(1));
    await bell.wait();

    const rung = waitFor(bell);
    stop.abort();

    expect(await rung).toBeLessThan(1000);
    await vi.waitFor(() => expect(streams.size).toBe(0));
  });
});
