/** An HTTP server as a part of the service: limits on what a client may hold, and an end when the signal says so. */
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';

import { HostError } from '../model/errors.ts';

type ListenTo = { readonly address: string; readonly port: number } | { readonly socketPath: string };

export interface HttpServerOptions {
  readonly listen: ListenTo;
  readonly handler: RequestListener;
  readonly signal: AbortSignal;
  readonly onListening: (port: number) => void;
}

const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5000 };
const maxConnections = 2000;
/** Longest silence of a client in the middle of a file. */
const idleTimeoutMs = 60_000;

/** Resolves after the signal has aborted and all connections are closed. */
export async function serveHttp({ listen, handler, signal, onListening }: HttpServerOptions): Promise<void> {
  if (signal.aborted) return;
  const server = createServer({ ...limits, maxHeaderSize: 8192 }, handler);
  server.maxConnections = maxConnections;
  server.setTimeout(idleTimeoutMs);
  const failed = new Promise<never>((_, reject) => server.on('error', reject));
  // It is awaited below; until then a failure must not count as unhandled.
  failed.catch(() => undefined);
  try {
    server.listen('socketPath' in listen ? { path: listen.socketPath } : { host: listen.address, port: listen.port });
    await Promise.race([once(server, 'listening'), failed]);
    const bound = server.address();
    onListening(bound !== null && typeof bound === 'object' ? bound.port : 0);
    await Promise.race([aborted(signal), failed]);
  } catch (error) {
    throw cannotListen(listen, error as NodeJS.ErrnoException);
  } finally {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function cannotListen(listen: ListenTo, error: NodeJS.ErrnoException): HostError {
  const place = 'socketPath' in listen ? listen.socketPath : `${listen.address}:${listen.port}`;
  const hints: Record<string, string> = {
    EADDRINUSE: `Another program has it: find it with "ss -ltnp", stop it, or change the port under ports in cluster.yaml.`,
    EADDRNOTAVAIL: 'Give this machine that address, or change network.address in cluster.yaml.',
    EACCES: 'Run pi-image as root.',
  };
  const hint = hints[error.code ?? ''];
  return new HostError(`cannot serve HTTP on ${place}`, { cause: error, ...(hint !== undefined && { hint }) });
}
