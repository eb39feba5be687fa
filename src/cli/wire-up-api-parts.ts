/** The API as parts of the service: on the Unix socket for this machine's administrators, on loopback TCP for tokens. */
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { apiApp, type ApiAppOptions } from '../api/app.ts';
import { clearStaleSocket } from '../host/unix-socket.ts';
import type { ApiAddress } from '../model/api-config.ts';
import type { Log } from '../model/log.ts';
import { counted } from '../serve/http-counts.ts';
import { serveHttp } from '../serve/http-server.ts';
import type { Part } from '../serve/supervise.ts';
import { apiSocket } from './api-client.ts';
import type { Paths } from './context.ts';
import { versionOf } from './version.ts';
import { apiActions } from './wire-up-api.ts';
import { openApiTls, type ApiTls } from './wire-up-api-tls.ts';
import type { Service } from './wire-up.ts';

interface Options {
  readonly paths: Paths;
  readonly log: Log;
}

type Common = Pick<ApiAppOptions, 'actions' | 'log' | 'version' | 'now' | 'dashboardDir'>;

export function apiParts(service: Service, { paths, log }: Options): Part[] {
  const packageDir = paths.dataDirs.at(-1) ?? '';
  const version = versionOf(packageDir);
  const tls = openApiTls(service, { paths, log });
  const actions = apiActions(service, { version, stateDir: paths.state, certificate: tls.current });
  const dashboardDir = path.join(packageDir, 'dist/dashboard');
  const common: Common = { actions, log, version, now: () => Date.now(), dashboardDir };
  const parts = [socketPart(common, service, paths), loopbackPart(common, service)];
  return tls.listen === undefined ? parts : [...parts, networkPart(common, service, { ...tls, listen: tls.listen })];
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

type NetworkTls = ApiTls & { readonly listen: ApiAddress };

function networkPart(common: Common, { counts }: Service, { listen, current, read, keep, onChange }: NetworkTls): Part {
  const run: Part['run'] = async (signal, ready) => {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    await read(both);
    const kept = keep(both);
    const handler = counted(counts.http.api, apiApp({ ...common, listener: 'network', signal: both }));
    // `read` has found one.
    const tls = { current: () => current() ?? { cert: '', key: '' }, onChange };
    try {
      await serveHttp({ listen, tls, handler, signal: both, onListening: ready });
    } finally {
      ended.abort();
      await kept;
    }
  };
  return { name: 'api-tls', run };
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
