/** All routes there are. The last one describes them all, itself included. */
import { openApiDocument } from '../openapi.ts';
import { json, route, type Route } from '../route.ts';
import { Document } from '../schemas/service.ts';
import { auditRoutes } from './audit.ts';
import { boardRoutes } from './boards.ts';
import { diagnosisRoutes } from './diagnosis.ts';
import { eepromRoutes } from './eeproms.ts';
import { imageRoutes } from './images.ts';
import { monitoringRoutes } from './monitoring.ts';
import { nodeRoutes } from './nodes.ts';
import { powerRoutes } from './power.ts';
import { operationRoutes } from './operations.ts';
import { roleChangeRoutes } from './role-changes.ts';
import { roleRoutes } from './roles.ts';
import { rolloutRoutes } from './rollouts.ts';
import { secretRoutes } from './secrets.ts';
import { serviceRoutes } from './service.ts';
import { tokenRoutes } from './tokens.ts';
import { watchRoutes } from './watch.ts';

export function apiRoutes(version: string): readonly Route[] {
  let document: unknown;
  const routes: Route[] = [
    ...nodeRoutes,
    ...diagnosisRoutes,
    ...roleChangeRoutes,
    ...operationRoutes,
    ...rolloutRoutes,
    ...secretRoutes,
    ...powerRoutes,
    ...eepromRoutes,
    ...roleRoutes,
    ...imageRoutes,
    ...boardRoutes,
    ...serviceRoutes,
    ...watchRoutes,
    ...monitoringRoutes,
    ...tokenRoutes,
    ...auditRoutes,
  ];
  const documentRoute = route({
    method: 'get',
    path: '/openapi.json',
    id: 'getDocument',
    tag: 'service',
    scope: 'none',
    summary: 'This document',
    answers: {
      200: { summary: 'OpenAPI 3.1', schema: Document, example: { openapi: '3.1.1', info: {}, paths: {} } },
    },
    run: () => json((document ??= openApiDocument(routes, version))),
  });
  routes.push(documentRoute);
  return routes;
}
