/** The TFTP server: listens until the signal aborts. What a name means is asked of `find`; this file opens and closes. */
import { listenForDatagrams, type ListeningSocket } from '../host/datagram.ts';
import { ethernetBlockSizeBytes } from '../wire/tftp-options.ts';
import { resendFloorMs } from '../wire/tftp-timing.ts';
import type { TftpDeps, TftpLimits } from './tftp-deps.ts';
import { TftpRequests } from './tftp-requests.ts';

export type { TftpContent, TftpDeps, TftpServed } from './tftp-deps.ts';

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
