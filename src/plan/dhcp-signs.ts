/** What DHCP saw of a board, counted: how often, first and last. A boot keeps it, for whoever asks why it came no further. */
import type { BoardName } from '../model/board.ts';
import type { DhcpCount, DhcpSeen } from '../model/boot.ts';
import type { Ipv4Address } from '../model/ipv4.ts';

export interface DhcpSign {
  /** `foreign-server`: the board was answered by another DHCP server, or chose one. */
  readonly kind: 'discover' | 'offer' | 'request' | 'ack' | 'nak' | 'foreign-server';
  readonly atMs: number;
  /** Of a DISCOVER. `other` is a kernel, an initramfs or an operating system; undefined: firmware. */
  readonly stage?: 'firmware' | 'other' | undefined;
  /** Of `foreign-server`: its address. */
  readonly server?: string | undefined;
  /** Of a REQUEST that goes to another server: the address that it takes there. */
  readonly address?: Ipv4Address | undefined;
  /** What the board says it is (option 97), which need not be what nodes.yaml says. */
  readonly board?: BoardName | undefined;
  /** What its revision code says of its memory. */
  readonly memoryMib?: number | undefined;
}

const kinds = ['discover', 'offer', 'request', 'ack', 'nak', 'system'] as const;

/** Whoever answers from more addresses than that does so at random. */
const maxServers = 4;

export function noteSign(seen: DhcpSeen, sign: DhcpSign): DhcpSeen {
  const { atMs, board, memoryMib, server } = sign;
  if (sign.kind === 'foreign-server') return withServers(seen, server === undefined ? [] : [server]);
  const kind = sign.kind === 'discover' && sign.stage === 'other' ? 'system' : sign.kind;
  // What its kernel is answered is another conversation than the firmware's.
  if (seen.system !== undefined && kind !== 'discover' && kind !== 'system') return seen;
  const counted = { ...seen, [kind]: addCounts(seen[kind], { count: 1, firstMs: atMs, lastMs: atMs }) };
  return { ...counted, ...(board !== undefined && { board }), ...(memoryMib !== undefined && { memoryMib }) };
}

/** @param later what came after `before` */
export function mergeSeen(before: DhcpSeen, later: DhcpSeen): DhcpSeen {
  const counts = kinds.flatMap((kind) => {
    const count = addCounts(before[kind], later[kind]);
    return count === undefined ? [] : [[kind, count] as const];
  });
  const board = later.board ?? before.board;
  const memoryMib = later.memoryMib ?? before.memoryMib;
  const said = { ...(board !== undefined && { board }), ...(memoryMib !== undefined && { memoryMib }) };
  const merged = { ...before, ...Object.fromEntries(counts), ...said };
  return withServers(merged, later.foreignServers ?? []);
}

function addCounts(one: DhcpCount | undefined, other: DhcpCount | undefined): DhcpCount | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    count: one.count + other.count,
    firstMs: Math.min(one.firstMs, other.firstMs),
    lastMs: Math.max(one.lastMs, other.lastMs),
  };
}

function withServers(seen: DhcpSeen, servers: readonly string[]): DhcpSeen {
  if (servers.length === 0) return seen;
  return { ...seen, foreignServers: [...new Set([...(seen.foreignServers ?? []), ...servers])].slice(0, maxServers) };
}
