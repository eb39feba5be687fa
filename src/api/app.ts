/** The API of a running service: JSON on a Unix socket, for the command line and for scripts. */
import express, { Router, type Express, type RequestHandler } from 'express';

import type { Log } from '../model/log.ts';
import type { ApiActions } from './actions.ts';
import { sendError, sendProblem } from './problem.ts';

/** Room for a thousand nodes with variables. */
const bodyLimit = '4mb';

export function apiApp(actions: ApiActions, log: Log): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use('/api/v1', routes(actions));
  // Where monitors look for it.
  app.get('/healthz', sendHealth(actions));
  app.use((request, response) =>
    sendProblem(response, 404, { title: `there is no ${request.method} ${request.path}` }),
  );
  app.use(sendError(log));
  return app;
}

function routes(actions: ApiActions): Router {
  const router = Router();
  router.get('/healthz', sendHealth(actions));
  router.get('/nodes', (_, response) => void response.json(actions.nodes()));
  router.put('/nodes', express.json({ limit: bodyLimit, strict: false }), async (request, response) => {
    response.json(await actions.applyNodes(request.body));
  });
  router.get('/nodes/:name', (request, response) => void response.json(actions.node(request.params.name)));
  router.get('/nodes/:name/plan', (request, response) => void response.json(actions.plan(request.params.name)));
  router.get('/nodes/:name/boots', (request, response) => void response.json(actions.boots(request.params.name)));
  router.get('/unknown-boards', (_, response) => void response.json(actions.unknownBoards()));
  router.get('/leases', (_, response) => void response.json(actions.leases()));
  router.get('/images', (_, response) => void response.json(actions.images()));
  return router;
}

function sendHealth(actions: ApiActions): RequestHandler {
  return (_, response) => {
    const health = actions.health();
    response.status(health.status === 'ok' ? 200 : 503).json(health);
  };
}
