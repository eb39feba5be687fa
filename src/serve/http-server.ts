/** An HTTP server as a part of the service: limits on what a client may hold, and an end when the signal says so. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';

import { HostError } from '../model/errors.ts';

type ListenTo = { readonly address: string; readonly port: number } | { readonly socketPath: string };

export interface HttpServerOptions {
  readonly listen: ListenTo;
  readonly handler: RequestListener;
  readonly signal: AbortSignal;
  readonly onListening: (port: number) => void;
  /** How many connections one address may hold; as many as there are unless given. */
  readonly perAddress?: number;
  readonly limits?: Partial<typeof usualLimits>;
}

/** How long a client may take to send its request; who is late is cut off at the next look. */
const usualLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
};
const maxConnections = 2000;
/** Longest silence of a client in the middle of a file. */
const idleTimeoutMs = 60_000;

/** Resolves after the signal has aborted and all connections are closed. */
export async function serveHttp(options: HttpServerOptions): Promise<void> {
  const { listen, handler, signal, onListening, perAddress = maxConnections, limits } = options;
  if (signal.aborted) return;
  const server = createServer({ ...usualLimits, ...limits, maxHeaderSize: 8192 }, handler);
  server.maxConnections = maxConnections;
  limitEach(server, perAddress);
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

/** One client alone cannot take the places of all. */
function limitEach(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const { remoteAddress: address } = socket;
    // Of a Unix socket there is none; who has gone already holds nothing.
    if (address === undefined) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
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
