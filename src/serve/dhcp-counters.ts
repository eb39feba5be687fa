/** What the DHCP server has done since it started: numbers that only grow. */

export interface DhcpCounters {
  /** Messages that were understood, by type; `bootp` has none. */
  readonly received: Record<string, number>;
  /** Answers that left, by what they say. */
  readonly sent: Record<string, number>;
  /** Messages that were not answered, by why: `ignore`, `held`, `conflict`, `full`, … */
  readonly unanswered: Record<string, number>;
  /** Datagrams that are no DHCP. */
  malformed: number;
}

export function newDhcpCounters(): DhcpCounters {
  return { received: {}, sent: {}, unanswered: {}, malformed: 0 };
}

export function countUp(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
