/** Overlays as the service has read them. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type Route } from '../route.ts';
import { Overlay, overlayExample, ShownOverlay, shownOverlayExample } from '../schemas/overlay.ts';

const tag = 'overlays';

export const overlayRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/overlays',
    id: 'listOverlays',
    tag,
    scope: 'read',
    summary: 'List overlays and the roles that have them',
    isPaged: true,
    answers: { 200: { summary: 'All overlays', schema: z.array(Overlay), example: [overlayExample] } },
    run: (call) => listed(call, call.actions.overlays(), ({ name }) => name),
  }),
  route({
    method: 'get',
    path: '/overlays/{name}',
    id: 'getOverlay',
    tag,
    scope: 'read',
    summary: 'Show what an overlay needs and brings',
    description:
      'What it becomes on a node is in the plan of that node. Contents of files and secrets are in no answer of the API.',
    answers: { 200: { summary: 'The overlay', schema: ShownOverlay, example: shownOverlayExample } },
    run: ({ actions, param }) => json(actions.shownOverlay(param('name'))),
  }),
];
