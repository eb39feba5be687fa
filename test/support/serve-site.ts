/** The service of a test site in this process, as far as its API goes: database, site and boots, no boot network. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { apiApp, type ApiAppOptions } from '../../src/api/app.ts';
import { apiActions } from '../../src/cli/wire-up-api.ts';
import { openService, type Service } from '../../src/cli/wire-up.ts';

const shippedDir = path.resolve(import.meta.dirname, '../..');
const silent = { info: () => undefined, warn: () => undefined };

export interface ServedSite extends Service {
  /** Of the API over TCP. */
  readonly url: string;
}

/** @param dir of `sampleSite` */
export async function serveSite(dir: string): Promise<ServedSite> {
  const stop = new AbortController();
  const runtime = path.join(dir, 'run');
  const paths = {
    config: path.join(dir, 'cluster.yaml'),
    dataDirs: [dir, shippedDir],
    state: path.join(dir, 'state'),
    runtime,
  };
  const service = await openService({ paths, log: silent, signal: stop.signal });
  await mkdir(runtime, { recursive: true });
  const common = {
    actions: apiActions(service, { version: '0.1.0', stateDir: paths.state, certificate: () => undefined }),
    log: silent,
    version: '0.1.0',
    now: Date.now,
    signal: stop.signal,
  };
  const serve = async (listener: ApiAppOptions['listener'], listen: (server: Server) => Server) => {
    const server = listen(createServer(apiApp({ ...common, listener })));
    await once(server, 'listening');
    return server;
  };
  const socket = await serve('socket', (server) => server.listen(path.join(runtime, 'api.sock')));
  const loopback = await serve('loopback', (server) => server.listen(0, '127.0.0.1'));
  onTestFinished(async () => {
    stop.abort(new Error('the test has ended'));
    for (const server of [socket, loopback]) {
      server.close();
      server.closeAllConnections();
    }
    await service.close();
  });
  const { port } = loopback.address() as AddressInfo;
  return { ...service, url: `http://127.0.0.1:${port}` };
}
