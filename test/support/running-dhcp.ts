/** The DHCP service over a socket without a network. */
import { setImmediate as turn } from 'node:timers/promises';

import { onTestFinished } from 'vitest';

import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import type { DhcpWho } from '../../src/plan/dhcp-decision.ts';
import type { DhcpSign } from '../../src/plan/dhcp-signs.ts';
import type { DhcpDeps } from '../../src/serve/dhcp-deps.ts';
import { serveDhcp } from '../../src/serve/dhcp.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { readMessageType, type MessageType } from '../../src/wire/dhcp-options.ts';
import { ask, type Ask } from './dhcp-client.ts';
import { atMs, site, someLeases } from './dhcp-site.ts';
import { FakeDhcpSocket, keptLog } from './fake-dhcp-socket.ts';
import { bytes } from './vectors.ts';

/** A running service; what it must write down is on the disk a moment later. */
export function runningDhcp(changes: Partial<DhcpDeps> = {}, at: DhcpSite = site, stopped?: AbortSignal) {
  const socket = new FakeDhcpSocket();
  const log = keptLog();
  const stop = new AbortController();
  const recorded: DhcpWho[] = [];
  const signs: string[] = [];
  const begun: string[] = [];
  const problems: (readonly string[])[] = [];
  const clock = { nowMs: atMs };
  const leases = someLeases();
  const deps: DhcpDeps = {
    socket,
    site: () => at,
    leases,
    record: async (who) => {
      await turn();
      recorded.push(who);
    },
    sign: (who: DhcpWho, { kind }: DhcpSign) => {
      signs.push(`${who.kind === 'node' ? who.node.name : who.board.mac} ${kind}`);
      if (who.kind === 'node' && who.isFirmwareDiscover && kind === 'discover') begun.push(who.node.name);
    },
    admit: () => ({ kind: 'now' }),
    probe: () => Promise.resolve('free'),
    report: (now) => problems.push(now),
    log,
    nowMs: () => clock.nowMs,
    ...changes,
  };
  const ended = serveDhcp(deps, stopped ?? stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return {
    socket,
    log,
    recorded,
    signs,
    begun,
    problems,
    ended,
    leases,
    clock,
    end,
    say: (type: MessageType, of: Ask = {}) => socket.deliver(encodeDhcp(ask(type, of))),
    sent: () => socket.sent.map(({ packet }) => `${readMessageType(packet.options)} ${packet.yiaddr}`),
    /** Answers as `offer 10.42.0.12`, once `count` are there. */
    answers: async (count: number) => {
      for (let turns = 0; socket.sent.length < count && turns < 10_000; turns++) await turn();
      return socket.sent.map(({ packet }) => `${readMessageType(packet.options)} ${packet.yiaddr}`);
    },
  };
}

/** As the boot ROM of a Pi 3B says it. */
export const romOption = [97, bytes(`00 ${'44'.repeat(16)}`)] as const;
