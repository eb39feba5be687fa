/** The TFTP server: listens until the signal aborts. What a name means is asked of `find`; this file opens and closes. */
import { listenForDatagrams, type Endpoint, type ListeningSocket } from '../host/datagram.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import { ethernetBlockSizeBytes } from '../wire/tftp-options.ts';
import { resendFloorMs } from '../wire/tftp-timing.ts';
import { TftpRequests } from './tftp-requests.ts';
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

const defaultLimits: TftpLimits = {
  maxBlockSizeBytes: ethernetBlockSizeBytes,
  transfersPerClient: 16,
  transfers: 1024,
  resendFloorMs,
};

/** Resolves after the signal has aborted and every port is closed. @throws HostError when it cannot listen any more */
export async function serveTftp(deps: TftpDeps, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const failure = new AbortController();
  const failed = (error: Error): void => failure.abort(error);
  const { address, port } = deps;
  // Boards expect an answer from another port than 69; this one answers what becomes no transfer.
  const refusals = await listenForDatagrams({ address, port: 0 }, { received: () => undefined, failed });
  const requests = new TftpRequests({ ...deps, limits: { ...defaultLimits, ...deps.limits }, refusals });
  let listener: ListeningSocket | undefined;
  try {
    listener = await listenForDatagrams(
      { address, port },
      { received: (bytes, from) => requests.receive(bytes, from), failed },
    );
    deps.log.info('tftp.listening', { address, port: listener.port });
    deps.onListening?.(listener.port);
    await aborted(AbortSignal.any([signal, failure.signal]));
    if (failure.signal.aborted) throw failure.signal.reason as Error;
  } finally {
    listener?.close();
    refusals.close();
    requests.stop();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
