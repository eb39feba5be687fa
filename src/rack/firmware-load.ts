/** One TFTP transfer of a board on a socket of its own: the state machine of tftp-fetch with a clock and a port. */
import { createSocket, type SocketOptions } from 'node:dgram';

import { WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { decodeTftp, encodeTftp, type TftpPacket } from '../wire/tftp.ts';
import type { FileRequest } from './firmware-files.ts';
import { TftpFetch, type FetchResult, type FetchStep } from './tftp-fetch.ts';

export interface TftpPeer {
  readonly server: Ipv4Address;
  readonly port: number;
  /** Ours for this file; the next file uses the next one. */
  readonly sourcePort: number;
  readonly blockSizeBytes: number;
  /** Ours where one interface stands for many boards; else the kernel chooses. */
  readonly ownAddress?: Ipv4Address;
}

/** Finer than any of the loader's own times. */
const tickMs = 100;

export function loadFile(request: FileRequest, peer: TftpPeer, signal: AbortSignal): Promise<FetchResult> {
  return new Promise((resolve, reject) => {
    const fetch = new TftpFetch(request, { blockSizeBytes: peer.blockSizeBytes, nowMs: performance.now() });
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
    function take({ send, result }: FetchStep): void {
      if (send !== undefined) {
        const port = send.to === 'transfer' ? (transferPort ?? peer.port) : peer.port;
        // Unreachable ports and networks are silence to a board.
        socket.send(encodeTftp(send.packet), port, peer.server, () => undefined);
      }
      if (result !== undefined) end(() => resolve(result));
    }
    socket.on('message', (datagram, from) => {
      // The server's first answer fixes its port: RFC 1350 §4. Anything else on ours belongs to nobody.
      if (from.address !== peer.server || (transferPort ?? from.port) !== from.port) return;
      const packet = decode(datagram);
      if (packet === undefined) return;
      transferPort = from.port;
      take(fetch.receive(packet, performance.now()));
    });
    socket.on('error', (error) => end(() => reject(error)));
    signal.addEventListener('abort', stopped, { once: true });
    socket.bind(peer.sourcePort, peer.ownAddress ?? '0.0.0.0', () => take(fetch.start()));
  });
}

/** The server is always an address. */
const withoutResolver: NonNullable<SocketOptions['lookup']> = (address, _options, callback) =>
  callback(null, address, 4);

function decode(datagram: Uint8Array): TftpPacket | undefined {
  try {
    return decodeTftp(datagram);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
