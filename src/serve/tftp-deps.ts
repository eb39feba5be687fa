/** What the TFTP server asks of whoever starts it, and what it tells. */
import type { Datagrams, Endpoint } from '../host/datagram/port.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { TftpCounters } from './tftp-counters.ts';

export type TftpContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** `complete`: all confirmed. `probed`: the board only looked. `replaced`: it asked anew, or others needed the place. */
export type TftpOutcome = 'complete' | 'probed' | 'aborted' | 'silent' | 'replaced' | 'failed' | 'stopped';

/** One transfer that has ended. */
export interface TftpServed {
  readonly peer: Endpoint;
  readonly path: string;
  /** Confirmed by the board; the whole file when the outcome is `complete`. */
  readonly bytes: number;
  /** Of the file. */
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly durationMs: number;
  readonly outcome: TftpOutcome;
}

/** What the running transfers are told to; admission is made from it. */
export interface TransferWatch {
  /** It asked for a file, whether there is one or not. */
  asked(address: Ipv4Address): void;
  /** It has confirmed a first block: a look whether a file is there loads nothing, and nor does a flood of requests. */
  began(address: Ipv4Address, sizeBytes: number): void;
  ended(address: Ipv4Address, confirmedBytes: number): void;
  /** About once a second while transfers run. */
  measured(load: TransferLoad): void;
}

interface TransferLoad {
  readonly transfers: number;
  /** Confirmed by all boards since the last time. */
  readonly bytes: number;
  readonly overMs: number;
  /** Not yet confirmed of the files that are being sent. */
  readonly bytesLeft: number;
  /** What one of them gets between two losses, by its round trips. */
  readonly boardBytesPerSecond: number;
}

export interface TftpDeps {
  readonly address: Ipv4Address;
  /** 0 takes a free one, which `onListening` tells. */
  readonly port: number;
  /** Interface by which boards that answer may be sent blocks directly. */
  readonly link?: string;
  readonly datagrams: Datagrams;
  readonly find: (path: string, peer: Endpoint) => Promise<TftpContent>;
  /** Nothing is sent to this board again earlier than this; undefined leaves it to the server: 1 s. */
  readonly floorMs?: (address: Ipv4Address) => number | undefined;
  readonly served: (event: TftpServed) => void;
  readonly log: Log;
  readonly onListening?: (port: number) => void;
  readonly limits?: Partial<TftpLimits>;
  /** Counted up while the server runs; to be read whenever somebody asks. */
  readonly counters?: TftpCounters;
  readonly watch?: TransferWatch;
}

export interface TftpLimits {
  /** More than one Ethernet frame holds only where the whole network has larger frames. */
  readonly maxBlockSizeBytes: number;
  /** A board fetches one file at a time; the rest is room for transfers that it left without a word. */
  readonly transfersPerClient: number;
  readonly transfers: number;
  /** Requests whose file is being looked up. */
  readonly lookups: number;
  readonly resendFloorMs: number;
  /** A client that says nothing for so long is given up. */
  readonly silenceMs: number;
  /** Files as they go over the wire, in memory. */
  readonly cacheBytes: number;
}
