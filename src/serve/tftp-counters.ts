/** What the TFTP server has done since it started: numbers that only grow, but for `running`. */

export interface TftpCounters {
  /** Read requests that were understood. */
  requests: number;
  /** Transfers that began, and how they ended. */
  transfers: number;
  complete: number;
  probed: number;
  aborted: number;
  silent: number;
  replaced: number;
  failed: number;
  /** Requests that were answered with an ERROR: no such file; not allowed or not understood. */
  missing: number;
  refused: number;
  /** Requests that were left unanswered because the limits were reached. */
  waiting: number;
  /** Bytes of files that boards confirmed. */
  bytes: number;
  /** Windows and OACKs that were sent again. */
  resends: number;
  /** Packets for a transfer that is none. */
  strays: number;
  /** Datagrams that are no TFTP. */
  rubbish: number;
  /** Pieces of files that were read from the disk, and the bytes of them held in memory. */
  reads: number;
  cachedBytes: number;
  /** Transfers that run now. */
  running: number;
}

export function newTftpCounters(): TftpCounters {
  return {
    requests: 0,
    transfers: 0,
    complete: 0,
    probed: 0,
    aborted: 0,
    silent: 0,
    replaced: 0,
    failed: 0,
    missing: 0,
    refused: 0,
    waiting: 0,
    bytes: 0,
    resends: 0,
    strays: 0,
    rubbish: 0,
    reads: 0,
    cachedBytes: 0,
    running: 0,
  };
}
