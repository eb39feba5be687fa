/** One TFTP transfer of a board on a socket of its own: the state machine of tftp-fetch with a clock and a port. */
import { createSocket, type SocketOptions } from 'node:dgram';

import type { Ipv4Address } from '../model/ipv4.ts';
import { encodeTftp } from '../wire/tftp.ts';
import type { FileRequest } from './firmware-files.ts';
import { loadersOf, type TftpClient } from './loaders.ts';
import { TftpFetch, type FetchResult, type FetchStep } from './tftp-fetch.ts';

export interface TftpPeer {
  readonly server: Ipv4Address;
  readonly port: number;
  /** Ours for this file; the next file uses the next one. */
  readonly sourcePort: number;
  readonly blockSizeBytes: number;
  /** The loader that asks; an EEPROM's unless given. */
  readonly client?: TftpClient;
  /** Ours where one interface stands for many boards; else the kernel chooses. */
  readonly ownAddress?: Ipv4Address;
}

export type LoadResult =
  { readonly kind: 'loaded'; readonly bytes: Uint8Array } | Exclude<FetchResult, { readonly kind: 'loaded' }>;

/** Finer than any of the loader's own times. */
const tickMs = 100;

export function loadFile(request: FileRequest, peer: TftpPeer, signal: AbortSignal): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    // The datagram's buffer is not ours to keep.
    const keep = (bytes: Uint8Array, start: number, length: number) =>
      void chunks.push(Uint8Array.from(bytes.subarray(start, start + length)));
    const fetch = new TftpFetch(request, clientOf(peer), performance.now(), keep);
    const socket = createSocket({ type: 'udp4', lookup: withoutResolver });
    const timer = setInterval(() => take(fetch.tick(performance.now())), tickMs);
    const stopped = () => end(() => reject(signal.reason as Error));
    let transferPort: number | undefined;

    function end(settle: () => void): void {
      clearInterval(timer);
      signal.removeEventListener('abort', stopped);
      socket.close();
      settle();
    }
    function take(step: FetchStep): void {
      const packet = step === 'nothing' ? undefined : fetch.packet();
      if (packet !== undefined) {
        const port = fetch.isForTransfer ? (transferPort ?? peer.port) : peer.port;
        // Unreachable ports and networks are silence to a board.
        socket.send(encodeTftp(packet), port, peer.server, () => undefined);
      }
      const { result } = fetch;
      if (result !== undefined) end(() => resolve(withBytes(result, chunks)));
    }
    socket.on('message', (datagram, from) => {
      // The server's first answer fixes its port: RFC 1350 §4. Anything else on ours belongs to nobody.
      if (from.address !== peer.server || (transferPort ?? from.port) !== from.port) return;
      const step = fetch.receive(datagram, 0, datagram.byteLength, performance.now());
      if (step !== 'nothing') transferPort = from.port;
      take(step);
    });
    socket.on('error', (error) => end(() => reject(error)));
    signal.addEventListener('abort', stopped, { once: true });
    socket.bind(peer.sourcePort, peer.ownAddress ?? '0.0.0.0', () => take('send'));
  });
}

function clientOf({ client, blockSizeBytes }: TftpPeer): TftpClient {
  return client ?? { ...loadersOf({ board: 'pi5', eeprom: '2026-08-04' }).first, blockSizeBytes };
}

function withBytes(result: FetchResult, chunks: readonly Uint8Array[]): LoadResult {
  return result.kind === 'loaded' ? { kind: 'loaded', bytes: Buffer.concat(chunks) } : result;
}

/** The server is always an address. */
const withoutResolver: NonNullable<SocketOptions['lookup']> = (address, _options, callback) =>
  callback(null, address, 4);
