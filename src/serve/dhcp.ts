/** Answers DHCP until it is told to stop: receive, decode, decide, record, send. One message after the other. */
import { once } from 'node:events';

import type { DhcpSocket } from '../host/dhcp-socket.ts';
import type { Endpoint } from '../host/datagram.ts';
import { describeError } from '../model/describe-error.ts';
import { WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import { decideDhcp, type DhcpSite, type DhcpWho } from '../plan/dhcp-reply.ts';
import { decodeDhcp } from '../wire/dhcp-decode.ts';
import { encodeDhcp } from '../wire/dhcp-encode.ts';
import { dhcpLog, type DhcpLog } from './dhcp-log.ts';

export interface DhcpDeps {
  readonly socket: DhcpSocket;
  /** As it is now: asked for every message. */
  readonly site: () => Omit<DhcpSite, 'declined'>;
  /** Must be on disk when it resolves: the answer leaves after that, and an OFFER is a promise. */
  readonly record: (who: DhcpWho) => Promise<void>;
  readonly log: Log;
  readonly nowMs?: () => number;
}

type Clocked = DhcpDeps & { readonly nowMs: () => number };

/** Messages that wait for the disk; a rack of a thousand boards sends as many at once. Clients ask again for what is dropped. */
const maxWaiting = 2000;

/** How long a pool address is not given after a board found another machine there. */
const declinedMs = 600_000;

/** The socket stays open; whoever opened it closes it. */
export async function serveDhcp(deps: DhcpDeps, signal: AbortSignal): Promise<void> {
  const nowMs = deps.nowMs ?? Date.now;
  const log = dhcpLog(deps.log, nowMs);
  const handle = messageHandler({ ...deps, nowMs }, log);
  let waiting = 0;
  let last = Promise.resolve();
  // Two new boards that are decided at once would get one address.
  const inTurn = async (before: Promise<void>, bytes: Uint8Array, from: Endpoint): Promise<void> => {
    await before;
    waiting -= 1;
    if (!signal.aborted) await handle(bytes, from);
  };
  deps.socket.receive({
    received: (bytes, from) => {
      if (waiting >= maxWaiting) return log.trouble('dhcp.overloaded', '', { waiting });
      waiting += 1;
      last = inTurn(last, bytes, from);
    },
    failed: (error) => log.trouble('dhcp.socket', error.message, { reason: error.message }),
  });
  if (!signal.aborted) await once(signal, 'abort');
  deps.socket.receive(undefined);
  await last;
}

/** Nothing that one message does may stop the next: every failure is told and ends here. */
function messageHandler(deps: Clocked, log: DhcpLog): (bytes: Uint8Array, from: Endpoint) => Promise<void> {
  const declined = new Map<Ipv4Address, number>();
  return async (bytes, from) => {
    try {
      await answer({ bytes, from }, { ...deps, site: () => withDeclined(deps, declined) }, { log, declined });
    } catch (error) {
      const event = error instanceof WireError ? 'dhcp.malformed' : 'dhcp.failed';
      // Malformed ones can come with any content from anywhere, so they count as one.
      const key = error instanceof WireError ? '' : describeError(error);
      log.trouble(event, key, { from: from.address, reason: describeError(error) });
    }
  };
}

function withDeclined({ site, nowMs }: Clocked, declined: Map<Ipv4Address, number>): DhcpSite {
  for (const [address, untilMs] of declined) if (untilMs <= nowMs()) declined.delete(address);
  return { ...site(), declined: [...declined.keys()] };
}

async function answer(
  { bytes, from }: { bytes: Uint8Array; from: Endpoint },
  { socket, site, record, nowMs }: Clocked,
  { log, declined }: { log: DhcpLog; declined: Map<Ipv4Address, number> },
): Promise<void> {
  const packet = decodeDhcp(bytes);
  const now = site();
  // Below 1024 only root may send: a user of a running node must not begin its next boot, and so get that boot's token.
  if (from.port !== now.clientPort) {
    return log.unanswered(packet, { kind: 'ignore', reason: `it came from port ${from.port}, not ${now.clientPort}` });
  }
  const decision = decideDhcp(packet, now);
  if (decision.kind !== 'answer') {
    if (decision.kind === 'declined') declined.set(decision.address, nowMs() + declinedMs);
    return log.unanswered(packet, decision);
  }
  await record(decision.who);
  await socket.send(encodeDhcp(decision.reply), decision.to);
  log.answered(packet, decision);
}
