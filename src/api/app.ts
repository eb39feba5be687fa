/** The API as an HTTP handler: for the Unix socket, and for TCP with tokens. */
import { setMaxListeners } from 'node:events';

import express, { type Express } from 'express';

import type { Log } from '../model/log.ts';
import type { ApiActions } from './actions.ts';
import { socketAccess, tokenAccess } from './auth.ts';
import { dashboardFiles } from './dashboard-files.ts';
import { requireLoopbackHost } from './host-header.ts';
import { HttpError } from './http-error.ts';
import { sendError } from './problem.ts';
import { apiRouter } from './router.ts';
import { apiRoutes } from './routes/all.ts';

export interface ApiAppOptions {
  readonly actions: ApiActions;
  readonly log: Log;
  /**
   * `socket`: whoever can open it is an administrator. `loopback`: TCP on this machine, with tokens. `network`: the same
   * with TLS, whose certificate says who the server is.
   */
  readonly listener: 'socket' | 'loopback' | 'network';
  /** Shown in the document. */
  readonly version: string;
  readonly now: () => number;
  /** Ends what goes on for long: streams of events. */
  readonly signal: AbortSignal;
  /** Where the build has put the page for browsers; none unless given. */
  readonly dashboardDir?: string;
}

/** Also there without /api/v1, where monitors look for them. */
const monitorPaths: ReadonlySet<string> = new Set(['/healthz', '/metrics', '/prometheus/targets']);

export function apiApp({ actions, log, listener, version, now, signal, dashboardDir }: ApiAppOptions): Express {
  // Each stream of events listens for the end; any number of them is no leak.
  setMaxListeners(0, signal);
  const app = express();
  app.disable('x-powered-by');
  app.use((_, response, next) => {
    response.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    next();
  });
  const refused = (address: string, reason: string) => log.warn('api.refused', { address, reason });
  const access =
    listener === 'socket' ? socketAccess : tokenAccess({ authenticate: actions.authenticate, now, refused });
  if (listener === 'loopback') app.use(requireLoopbackHost);
  const routes = apiRoutes(version);
  app.use('/api/v1', apiRouter({ routes, actions, access, log, now, signal }));
  const monitored = routes.filter(({ path }) => monitorPaths.has(path));
  app.use(apiRouter({ routes: monitored, actions, access, log, now, signal }));
  if (dashboardDir !== undefined) app.use(dashboardFiles(dashboardDir));
  app.use(({ method, path }) => {
    throw new HttpError(404, `there is no ${method} ${path}`, {
      hint: 'GET /api/v1/openapi.json lists what there is.',
    });
  });
  app.use(sendError(log));
  return app;
}
