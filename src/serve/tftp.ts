/** The TFTP server: listens until the signal aborts. What a name means is asked of `find`; this file opens and closes. */
import type { DatagramPort } from '../host/datagram/port.ts';
import { ethernetBlockSizeBytes } from '../wire/tftp-options.ts';
import { resendFloorMs, silenceMs } from '../wire/tftp-timing.ts';
import { TftpClients } from './tftp-clients.ts';
import { newTftpCounters } from './tftp-counters.ts';
import type { TftpDeps, TftpLimits } from './tftp-deps.ts';
import { TftpEngine } from './tftp-engine.ts';
import { FramedFiles } from './tftp-files.ts';
import { TftpLog } from './tftp-log.ts';
import { TftpPeers } from './tftp-peers.ts';
import { reportTo } from './tftp-report.ts';
import { TftpRequests } from './tftp-requests.ts';

export type { TftpContent, TftpDeps, TftpServed } from './tftp-deps.ts';

const defaultLimits: TftpLimits = {
  maxBlockSizeBytes: ethernetBlockSizeBytes,
  transfersPerClient: 16,
  transfers: 2048,
  lookups: 512,
  resendFloorMs,
  silenceMs,
  cacheBytes: 48 << 20,
};

/** A burst of a thousand boards waits there while the event loop is busy. */
const receiveBufferBytes = 4 << 20;

/** A board that asks anew from the same port is answered from another one. */
const replyPorts = 4;

const tidyMs = 1000;

/** Resolves after the signal has aborted and every port is closed. @throws HostError when it cannot listen any more */
export async function serveTftp(deps: TftpDeps, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const failure = new AbortController();
  const opened: DatagramPort[] = [];
  const open = async (port: number, received: Received): Promise<DatagramPort> => {
    const { datagrams, address, link } = deps;
    const handlers = { received, failed: (error: Error) => failure.abort(error) };
    const openedPort = await datagrams.openPort({
      address,
      port,
      receiveBufferBytes,
      handlers,
      ...(link !== undefined && { link }),
    });
    opened.push(openedPort);
    return openedPort;
  };
  const server = newServer(deps);
  try {
    await server.open(open);
    await aborted(AbortSignal.any([signal, failure.signal]));
    if (failure.signal.aborted) throw failure.signal.reason as Error;
  } finally {
    for (const port of opened) port.close();
    server.close();
  }
}

type Received = (slab: Buffer, start: number, length: number, address: number, port: number) => void;

type OpenPort = (port: number, received: Received) => Promise<DatagramPort>;

interface Server {
  readonly open: (openPort: OpenPort) => Promise<void>;
  readonly close: () => void;
}

function newServer(deps: TftpDeps): Server {
  const { datagrams, watch, counters = newTftpCounters() } = deps;
  const limits = { ...defaultLimits, ...deps.limits };
  const log = new TftpLog(deps.log, () => performance.now());
  const clients = new TftpClients(log);
  const peers = new TftpPeers();
  const files = new FramedFiles({ datagrams, limitBytes: limits.cacheBytes, counters });
  const report = reportTo({ ...deps, log, clients, counters });
  let requests: TftpRequests | undefined;
  const engine = new TftpEngine({
    peers,
    counters,
    watch,
    silenceMs: limits.silenceMs,
    ended: (transfer, end) => {
      requests?.ended(transfer);
      report(transfer, end);
    },
  });
  const tidy = setInterval(() => {
    const nowMs = performance.now();
    peers.tidy(nowMs);
    clients.tidy(nowMs);
    counters.running = engine.running.length;
  }, tidyMs);
  return {
    open: async (openPort) => {
      const replies: DatagramPort[] = [];
      for (let index = 0; index < replyPorts; index++) {
        const port = await openPort(0, (slab, start, length, address, from) => {
          engine.received(index, slab, start, length, address, from);
        });
        replies.push(port);
      }
      engine.serveFrom(replies);
      const [refusals] = replies as [DatagramPort];
      const serving = new TftpRequests({ ...deps, limits, counters, peers, clients, engine, files, log, refusals });
      requests = serving;
      const listener = await openPort(deps.port, (slab, start, length, address, from) => {
        serving.receive(slab.subarray(start, start + length), address, from);
      });
      log.listening({ address: deps.address, port: listener.port });
      deps.onListening?.(listener.port);
    },
    close: () => {
      clearInterval(tidy);
      for (let last = engine.running.at(-1); last !== undefined; last = engine.running.at(-1)) {
        engine.end(last, { outcome: 'stopped' });
      }
      clients.tellAll();
      files.close();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
