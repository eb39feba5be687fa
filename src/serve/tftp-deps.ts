/** What the TFTP server asks of whoever starts it, and what it tells. */
import type { Endpoint } from '../host/datagram.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { TransferEnd } from './tftp-transfer.ts';

export type TftpContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** One transfer that has ended. */
export interface TftpServed {
  readonly peer: Endpoint;
  readonly path: string;
  /** Confirmed by the board; the whole file when the outcome is `complete`. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly outcome: TransferEnd['outcome'];
}

export interface TftpDeps {
  readonly address: Ipv4Address;
  /** 0 takes a free one, which `onListening` tells. */
  readonly port: number;
  readonly find: (path: string, peer: Endpoint) => Promise<TftpContent>;
  readonly served: (event: TftpServed) => void;
  readonly log: Log;
  readonly onListening?: (port: number) => void;
  readonly limits?: Partial<TftpLimits>;
}

export interface TftpLimits {
  /** More than one Ethernet frame holds only where the whole network has larger frames. */
  readonly maxBlockSizeBytes: number;
  /** A board fetches one file at a time; the rest is room for transfers that it left without a word. */
  readonly transfersPerClient: number;
  readonly transfers: number;
  readonly resendFloorMs: number;
}
