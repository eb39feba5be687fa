/** What the DHCP service tells its owner: counted, one line per answer; what repeats itself, or floods, once a minute. */
import type { Log, LogFields } from '../model/log.ts';
import type { DhcpDecision, DhcpReply, DhcpWho } from '../plan/dhcp-decision.ts';
import { readMac, type DhcpPacket } from '../wire/dhcp.ts';
import { readMessageType } from '../wire/dhcp-options.ts';
import { countUp, type DhcpCounters } from './dhcp-counters.ts';

export interface DhcpLog {
  answered(packet: DhcpPacket, decision: DhcpReply): void;
  unanswered(packet: DhcpPacket, decision: Unanswered): void;
  /** Something went wrong; `key` says what counts as the same thing again. */
  trouble(event: string, key: string, fields: LogFields): void;
}

/** `held`: it may not load yet. */
type Unanswered = Exclude<DhcpDecision, DhcpReply> | { readonly kind: 'held'; readonly reason: string };

const quietMs = 60_000;

/** More different messages of one event than this within a minute are a flood. */
const maxKeys = 500;

const answerEvents: Readonly<Record<DhcpReply['answer'], string>> = {
  offer: 'dhcp.offered',
  ack: 'dhcp.acknowledged',
  nak: 'dhcp.refused',
  inform: 'dhcp.informed',
  bootp: 'dhcp.bootp',
  proxy: 'dhcp.proxied',
};

/** What a person should look at. */
const isTrouble: ReadonlySet<Unanswered['kind']> = new Set(['conflict', 'declined', 'full', 'elsewhere']);

export function dhcpLog(log: Log, nowMs: () => number, counters: DhcpCounters): DhcpLog {
  // One per event: a flood of one must not silence the others.
  const limits = new Map<string, ReturnType<typeof repeatLimit>>();
  const limited = (write: 'info' | 'warn', event: string, key: string, fields: LogFields) => {
    const limit = limits.get(event) ?? repeatLimit(nowMs);
    limits.set(event, limit);
    const repeated = limit(key);
    if (repeated !== undefined) log[write](event, { ...fields, ...(repeated > 0 && { repeated }) });
  };
  return {
    answered: (_packet, { answer, who, stage }) => {
      countUp(counters.sent, answer);
      log.info(answerEvents[answer], { ...describe(who), stage });
    },
    unanswered: (packet, { kind, reason }) => {
      countUp(counters.unanswered, kind);
      const mac = readMac(packet);
      limited(isTrouble.has(kind) ? 'warn' : 'info', `dhcp.${eventOf(kind)}`, `${mac} ${reason}`, {
        mac,
        message: readMessageType(packet.options),
        reason,
      });
    },
    trouble: (event, key, fields) => limited('warn', event, key, fields),
  };
}

function eventOf(kind: Unanswered['kind']): string {
  return kind === 'ignore' ? 'ignored' : kind;
}

function describe(who: DhcpWho): LogFields {
  if (who.kind === 'unknown') return { ...who.board };
  const { node, mac, learnsMac } = who;
  return { node: node.name, mac, address: node.address, ...(learnsMac && { learned: 'mac' }) };
}

/** @returns how often the key came since it was last due; undefined while it is not. */
function repeatLimit(nowMs: () => number): (key: string) => number | undefined {
  const seen = new Map<string, { readonly dueMs: number; count: number }>();
  return (key) => {
    const known = seen.get(key);
    if (known !== undefined && nowMs() < known.dueMs) {
      known.count += 1;
      return undefined;
    }
    if (known === undefined && seen.size >= maxKeys) forgetOld(seen, nowMs());
    if (known === undefined && seen.size >= maxKeys) return undefined;
    seen.set(key, { dueMs: nowMs() + quietMs, count: 0 });
    return known?.count ?? 0;
  };
}

function forgetOld(seen: Map<string, { readonly dueMs: number }>, nowMs: number): void {
  for (const [key, { dueMs }] of seen) if (dueMs <= nowMs) seen.delete(key);
}
