/** For Prometheus: metrics of the service, and where the nodes are. */
import { z } from 'zod';

import { json, route, type Route } from '../route.ts';
import { metricsExample, targetExample, TargetGroup } from '../schemas/monitoring.ts';

export const monitoringRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'service',
    scope: 'read',
    summary: 'Metrics of the service, for Prometheus',
    description: 'Also at `/metrics`, where Prometheus looks.',
    answers: {
      200: {
        summary: "Prometheus' text format",
        mediaType: 'text/plain',
        schema: z.string(),
        example: metricsExample,
      },
    },
    run: async ({ actions }) => ({ kind: 'text', ...(await actions.metrics()) }),
  }),
  route({
    method: 'get',
    path: '/prometheus/targets',
    id: 'listTargets',
    tag: 'service',
    scope: 'read',
    summary: 'Where Prometheus finds the nodes',
    description:
      'For `http_sd_configs`: node_exporter on each node whose image has the package, with its name, role and board as labels. Also at `/prometheus/targets`.',
    answers: {
      200: { summary: 'One group for each of these nodes', schema: z.array(TargetGroup), example: [targetExample] },
    },
    run: ({ actions }) => json(actions.targets()),
  }),
];
