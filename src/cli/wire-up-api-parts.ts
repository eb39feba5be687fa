/** The API as parts of the service: on the Unix socket for this machine's administrators, on loopback TCP for tokens. */
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { apiApp, type ApiAppOptions } from '../api/app.ts';
import { clearStaleSocket } from '../host/unix-socket.ts';
import type { Log } from '../model/log.ts';
import { counted } from '../serve/http-counts.ts';
import { serveHttp } from '../serve/http-server.ts';
import type { Part } from '../serve/supervise.ts';
import { apiSocket } from './api-client.ts';
import type { Paths } from './context.ts';
import { versionOf } from './version.ts';
import { apiActions } from './wire-up-api.ts';
import type { Service } from './wire-up.ts';

interface Options {
  readonly paths: Paths;
  readonly log: Log;
}

type Common = Pick<ApiAppOptions, 'actions' | 'log' | 'version' | 'now' | 'dashboardDir'>;

export function apiParts(service: Service, { paths, log }: Options): Part[] {
  const packageDir = paths.dataDirs.at(-1) ?? '';
  const version = versionOf(packageDir);
  const actions = apiActions(service, { version, stateDir: paths.state });
  const dashboardDir = path.join(packageDir, 'dist/dashboard');
  const common: Common = { actions, log, version, now: () => Date.now(), dashboardDir };
  return [socketPart(common, service, paths), loopbackPart(common, service)];
}

function socketPart(common: Common, { counts }: Service, { runtime }: Paths): Part {
  const socketPath = apiSocket(runtime);
  const run: Part['run'] = async (signal, ready) => {
    await mkdir(runtime, { recursive: true });
    await clearStaleSocket(socketPath);
    const opened = new AbortController();
    const widen = async () => {
      // Whoever may act on the service is in the group of the socket.
      await chmod(socketPath, 0o660);
      ready();
    };
    const onListening = () => void widen().catch((error: Error) => opened.abort(error));
    const handler = counted(counts.http.api, apiApp({ ...common, listener: 'socket', signal }));
    await serveHttp({ listen: { socketPath }, handler, signal: AbortSignal.any([signal, opened.signal]), onListening });
    opened.signal.throwIfAborted();
  };
  return { name: 'api', run };
}

/** Without TLS, and therefore on no other address. */
const loopback = '127.0.0.1';

function loopbackPart(common: Common, { site, counts }: Service): Part {
  const { ports } = site.view().cluster;
  const run: Part['run'] = (signal, ready) => {
    const handler = counted(counts.http.api, apiApp({ ...common, listener: 'loopback', signal }));
    return serveHttp({ listen: { address: loopback, port: ports.api }, handler, signal, onListening: ready });
  };
  return { name: 'api-tcp', run };
}
