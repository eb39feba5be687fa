/** An HTTP server as a part of the service: limits on what a client may hold, and an end when the signal says so. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';

import { HostError } from '../model/errors.ts';

type ListenTo = { readonly address: string; readonly port: number } | { readonly socketPath: string };

/** Certificate and key as PEM. */
interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface HttpServerOptions {
  readonly listen: ListenTo;
  readonly handler: RequestListener;
  readonly signal: AbortSignal;
  readonly onListening: (port: number) => void;
  /** How many connections one address may hold; as many as there are unless given. */
  readonly perAddress?: number;
  readonly limits?: Partial<typeof usualLimits>;
  /** HTTPS, and nothing else. */
  readonly tls?: {
    readonly current: () => TlsFiles;
    /** Told when there is another certificate; connections that are open keep theirs. */
    readonly onChange: (listener: () => void) => void;
  };
}

/** How long a client may take to send its request; who is late is cut off at the next look. */
const usualLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 8192,
};
const handshakeTimeoutMs = 10_000;
const maxConnections = 2000;
/** Longest silence of a client in the middle of a file. */
const idleTimeoutMs = 60_000;

/** Resolves after the signal has aborted and all connections are closed. */
export async function serveHttp(options: HttpServerOptions): Promise<void> {
  const { listen, signal, onListening, perAddress = maxConnections } = options;
  if (signal.aborted) return;
  const server = newServer(options);
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

function newServer({ handler, tls, ...options }: HttpServerOptions): Server {
  const limits = { ...usualLimits, ...options.limits };
  if (tls === undefined) return createServer(limits, handler);
  const secure = { handshakeTimeout: handshakeTimeoutMs, minVersion: 'TLSv1.2' } as const;
  const server = createTlsServer({ ...limits, ...secure, ...tls.current() }, handler);
  tls.onChange(() => server.setSecureContext({ ...tls.current(), minVersion: secure.minVersion }));
  return server;
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
    EADDRNOTAVAIL: 'Give this machine that address, or change network.address or api.listen in cluster.yaml.',
    EACCES: 'Run pi-image as root.',
  };
  const hint = hints[error.code ?? ''];
  return new HostError(`cannot serve HTTP on ${place}`, { cause: error, ...(hint !== undefined && { hint }) });
}
