/** The service of a test site in this process, as far as its API goes: database, site and boots, no network. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { apiApp } from '../../src/api/app.ts';
import { apiActions } from '../../src/cli/wire-up-api.ts';
import { openService, type Service } from '../../src/cli/wire-up.ts';

const shippedDir = path.resolve(import.meta.dirname, '../..');
const silent = { info: () => undefined, warn: () => undefined };

/** @param dir of `sampleSite` */
export async function serveSite(dir: string): Promise<Service> {
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
  const actions = apiActions(service);
  const now = () => Date.now();
  const app = apiApp({ actions, log: silent, listener: 'socket', version: '0.1.0', now, signal: stop.signal });
  const server = createServer(app).listen(path.join(runtime, 'api.sock'));
  await once(server, 'listening');
  onTestFinished(async () => {
    stop.abort(new Error('the test has ended'));
    server.close();
    server.closeAllConnections();
    await service.close();
  });
  return service;
}
