/** What an SNMP agent answers, as far as switches need it. */

export interface SnmpRow {
  /** Dotted, without a leading dot. */
  readonly oid: string;
  readonly value: SnmpValue;
}

/** Integers, gauges and counters; octets; object identifiers. */
export type SnmpValue = number | Uint8Array | string;
