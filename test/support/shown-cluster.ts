/** A cluster for the eye: made-up boards in every state, behind the real API, for pictures and for measuring a browser. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import type { ApiActions, NodeAnswer } from '../../src/api/actions.ts';
import { apiApp } from '../../src/api/app.ts';
import type { Role } from '../../src/api/schemas/role.ts';
import type { Image } from '../../src/api/schemas/service.ts';
import type { Event, NewEvent } from '../../src/model/event.ts';
import type { NodeStatus, PublicBoot } from '../../src/model/node-status.ts';
import type { WaitingBoard } from '../../src/model/state.ts';
import { fakeApi } from './fake-actions.ts';
import { timeline } from './sample-timelines.ts';

export interface ShownCluster {
  readonly actions: ApiActions;
  readonly nodes: NodeAnswer[];
  /** As the service tells them: all at once, each with a number. */
  readonly tell: (events: readonly NewEvent[]) => void;
}

const newest = 'debian-lite@20261121.2';
const older = 'debian-lite@20261121.1';
const seconds = 1000;

/** @param count boards, on switches of 24 ports @param nowMs when it is looked at */
export function shownCluster(count: number, nowMs: number, own: Partial<ApiActions> = {}): ShownCluster {
  const nodes = Array.from({ length: count }, (_, index) => shownNode(index, nowMs));
  const events: Event[] = [];
  const listeners = new Set<() => void>();
  const tell = (told: readonly NewEvent[]) => {
    for (const { kind, node, fields = {} } of told) {
      const known = Object.entries(fields).filter(([, value]) => value !== undefined);
      const event = {
        id: events.length + 1,
        atMs: Date.now(),
        kind,
        fields: Object.fromEntries(known) as Event['fields'],
      };
      events.push(node === undefined ? event : { ...event, node });
    }
    for (const listener of listeners) listener();
  };
  const find = (name: string) => nodes.find((node) => node.name === name);
  const { actions } = fakeApi({
    nodes: () => ({ answer: nodes, etag: '"1"' }),
    node: (name) => ({ answer: find(name) ?? shownNode(0, nowMs), etag: '"1"' }),
    boots: (name) => {
      const last = find(name)?.status.lastBoot;
      return last === undefined ? [] : [last];
    },
    unknownBoards: () => waitingBoards(nowMs),
    images: () => shownImages(nodes),
    roles: () => shownRoles(nodes),
    operations: () => [],
    rollouts: () => [],
    events: {
      after: (id, limit) => Promise.resolve(events.slice(id, id + limit)),
      lastId: () => events.length,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    ...own,
  });
  return { actions, nodes, tell };
}

const boardsPerSwitch = 24;

function shownNode(index: number, nowMs: number): NodeAnswer {
  const number = index + 1;
  const role = index === 0 ? 'controller' : index % 12 === 11 ? 'login' : 'compute';
  const name = index === 0 ? 'head' : `node${String(number).padStart(index > 98 ? 4 : 2, '0')}`;
  const address = `10.42.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
  const mac = `2c:cf:67:01:${hexByte(number >> 8)}:${hexByte(number & 0xff)}`;
  const spec = { name, mac, board: number % 3 === 0 ? 'pi4' : 'pi5', address, role, vars: {} };
  const power = { switch: `sw${1 + Math.floor(index / boardsPerSwitch)}`, port: 1 + (index % boardsPerSwitch) };
  return {
    ...spec,
    power,
    serial: (0x1000_0000 + number).toString(16),
    status: shownStatus(index, nowMs),
  } as unknown as NodeAnswer;
}

/** Most are well; of each other state there are some. */
function shownStatus(index: number, nowMs: number): NodeStatus {
  const celsius = 41 + ((index * 7) % 23);
  const image = index % 9 === 4 ? older : newest;
  switch (index % 36) {
    case 7:
      return {
        state: 'failed',
        reason: 'slurmd.service failed: cannot find cgroup v2',
        lastBoot: shownBoot(nowMs, 6, 'failed'),
        ...runs(older),
      };
    case 13:
    case 14:
    case 15:
      return { state: 'booting', lastBoot: shownBoot(nowMs, 2 + (index % 3) * 2), ...runs(older) };
    case 20:
      return { state: 'waiting', reason: 'slurm controller', lastBoot: shownBoot(nowMs, 7), ...runs(newest) };
    case 29:
      return {
        state: 'silent',
        reason: 'its heartbeats have stopped',
        lastBoot: shownBoot(nowMs, 8, 'ready'),
        ...runs(newest),
      };
    case 35:
      return { state: 'new', desired: { generation: 'x', image: newest } };
    default: {
      const hot = index % 36 === 22 ? 81 : celsius;
      const heartbeat = {
        boot: 'b',
        atMs: nowMs,
        phase: 'ready' as const,
        uptimeSeconds: 86_400 + index * 977,
        load: 0.4,
        generation: 'x',
        temperatureCelsius: hot,
      };
      return { state: 'ready', heartbeat, lastBoot: shownBoot(nowMs, 8, 'ready'), ...runs(image) };
    }
  }
}

function runs(image: string): Pick<NodeStatus, 'running' | 'desired'> {
  return { running: { generation: 'x', image, role: 'compute' }, desired: { generation: 'x', image: newest } };
}

const steps = [
  [0, 'offered'],
  [0.6, 'loading'],
  [9.4, 'kernel'],
  [11.8, 'network'],
  [12.6, 'root'],
  [14.1, 'overlay'],
  [21.3, 'userspace'],
  [24.8, 'waiting', 'slurm controller'],
] as const;

/** @param count of the steps that it has gone */
function shownBoot(nowMs: number, count: number, end?: 'ready' | 'failed'): PublicBoot {
  const gone = steps.slice(0, count);
  const lastSeconds = gone.at(-1)?.[0] ?? 0;
  const endSeconds = end === undefined ? lastSeconds + 2.2 : 31.4;
  const startedAtMs = nowMs - endSeconds * seconds - (end === undefined ? 0 : 3_600_000);
  const phases = end === undefined ? gone : [...gone, [endSeconds, end] as const];
  const boot = timeline(phases, { image: newest, role: 'compute' });
  const shiftMs = startedAtMs - boot.startedAtMs;
  const failure = {
    rule: 'unit-failed',
    cause: 'slurmd.service failed: cannot find cgroup v2',
    hint: 'Run "journalctl -u slurmd -b" on the node.',
  };
  return {
    ...boot,
    startedAtMs,
    phases: boot.phases.map(({ phase, atMs, detail }) => ({ phase, atMs: atMs + shiftMs, detail })),
    ...(end !== undefined && {
      closed: { atMs: startedAtMs + endSeconds * seconds, reason: end, ...(end === 'failed' && failure) },
    }),
  };
}

function waitingBoards(nowMs: number): WaitingBoard[] {
  return [
    ['2c:cf:67:0a:0b:0c', '10.42.0.200', '1234abcd', 'pi5', 'Raspberry Pi 5 Model B Rev 1.0', 8062],
    ['dc:a6:32:4f:10:22', '10.42.0.201', '9ffe0127', 'pi4', 'Raspberry Pi 4 Model B Rev 1.5', 3794],
  ].map(([mac, address, serial, board, model, memoryMib], index) => {
    const seenMs = nowMs - (120 - index * 30) * seconds;
    const hold = { sinceMs: seenMs + 20_000, heardMs: nowMs };
    return {
      mac,
      address,
      serial,
      board,
      model,
      memoryMib,
      switchPort: `sw3 port ${7 + index}`,
      firstSeenMs: seenMs,
      lastSeenMs: nowMs,
      hold: index === 0 ? hold : undefined,
    };
  }) as unknown as WaitingBoard[];
}

function shownImages(nodes: readonly NodeAnswer[]): Image[] {
  return [newest, older, 'debian-lite@20261119.4'].map((id, index) => {
    const [name = '', version = ''] = id.split('@');
    const usedBy = nodes.filter(({ status }) => status.running?.image === id).map((node) => node.name);
    const builtAt = `2026-11-${21 - index}T08:1${index}:00.000Z`;
    return {
      name,
      version,
      builtAt,
      boards: ['pi4', 'pi5'],
      rootBytes: 912_000_000 + index * 3_000_000,
      usedBy,
      isPinned: index === 2,
    };
  });
}

function shownRoles(nodes: readonly NodeAnswer[]): Role[] {
  return ['compute', 'controller', 'login'].map((name) => ({
    name,
    image: 'debian-lite',
    root: 'shared',
    boot: 'tftp',
    overlays: ['base', 'ssh'],
    kernelArguments: [],
    vars: {},
    ready: [],
    deadlineMs: 300_000,
    nodes: nodes.filter(({ role }) => role === name).map((node) => node.name),
  }));
}

const hexByte = (value: number) => value.toString(16).padStart(2, '0');

export interface ServedPage {
  readonly url: string;
  readonly close: () => void;
}

/** The API with the dashboard on a free port of this machine. Tokens are the names of the scopes. */
export async function servePage(actions: ApiActions): Promise<ServedPage> {
  const stop = new AbortController();
  const dashboardDir = path.resolve(import.meta.dirname, '../../dist/dashboard');
  const log = { info: () => undefined, warn: () => undefined };
  const options = { actions, log, version: '0.1.0', now: Date.now, signal: stop.signal, dashboardDir };
  const server = createServer(apiApp({ ...options, listener: 'loopback' })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      stop.abort();
      server.close();
      server.closeAllConnections();
    },
  };
}
