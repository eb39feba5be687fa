/** HTTP for boards, put together: what a node asks (http-node), boot files (http-files), and an answer to everything else. */
import express, { type Express } from 'express';

import { failed, refuse } from './http-answers.ts';
import { eepromRoutes, type EepromRoutesDeps } from './http-eeprom.ts';
import { fileRoutes, type FileRoutesDeps } from './http-files.ts';
import { holdRoutes, type HoldRoutesDeps } from './http-hold.ts';
import { nodeRoutes, type NodeRoutesDeps } from './http-node.ts';
import { rootRoutes, type RootRoutesDeps } from './http-root.ts';
import { sendLimits } from './http-sends.ts';
import { withLimitedWarnings } from './limited-log.ts';

export type HttpBootDeps = NodeRoutesDeps &
  EepromRoutesDeps &
  HoldRoutesDeps &
  Omit<RootRoutesDeps, 'sendLimits'> &
  Omit<FileRoutesDeps, 'sendLimits'> &
  Partial<FileRoutesDeps>;

export function httpBoot(given: HttpBootDeps): Express {
  const deps = { ...given, log: withLimitedWarnings(given.log, given.now) };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  nodeRoutes(app, deps);
  eepromRoutes(app, deps);
  holdRoutes(app, deps);
  rootRoutes(app, { sendLimits, ...deps });
  fileRoutes(app, { sendLimits, ...deps });
  app.use((_, response) => refuse(response, 404, 'nothing is served here'));
  app.use(failed(deps.log));
  return app;
}
