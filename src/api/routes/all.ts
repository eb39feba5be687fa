/** All routes there are. The last ones describe them all, themselves included. */
import type { JsonSchema } from '../json-schema.ts';
import { openApiDocument } from '../openapi.ts';
import type { Route } from '../route.ts';
import { auditRoutes } from './audit.ts';
import { boardRoutes } from './boards.ts';
import { diagnosisRoutes } from './diagnosis.ts';
import { documentRoutes } from './document.ts';
import { eepromRoutes } from './eeproms.ts';
import { imageBuildRoutes } from './image-builds.ts';
import { imageRoutes } from './images.ts';
import { monitoringRoutes } from './monitoring.ts';
import { nodeRoutes } from './nodes.ts';
import { overlayRoutes } from './overlays.ts';
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
  let document: JsonSchema | undefined;
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
    ...imageBuildRoutes,
    ...overlayRoutes,
    ...boardRoutes,
    ...serviceRoutes,
    ...watchRoutes,
    ...monitoringRoutes,
    ...tokenRoutes,
    ...auditRoutes,
  ];
  const read = () => (document ??= openApiDocument(routes, version));
  routes.push(...documentRoutes(read));
  return routes;
}
