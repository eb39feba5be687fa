/** Power of nodes: on, off, off and on again, and which switch port feeds whom. */
import { z } from 'zod';

import { json, route, type Route } from '../route.ts';
import {
  NodePower,
  nodePowerExample,
  PowerChange,
  powerChangeExample,
  PowerListRequest,
  PowerMap,
  powerMapExample,
  PowerRequest,
  PowerRuns,
  PowerOrder,
  powerOrderExample,
  powerRunsExample,
  Shutdown,
} from '../schemas/power.ts';

const tag = 'nodes';

const behindAnswer =
  'The answer does not wait for it: `/power/runs` and the events tell how it goes. A cycle is written down before the ' +
  'port goes off, and ends with on whatever becomes of the service.';

export const powerRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/power',
    id: 'listPower',
    tag,
    scope: 'operate',
    summary: 'Ask the switches for the power of all nodes that have a port',
    answers: { 200: { summary: 'One for each node', schema: z.array(NodePower), example: [nodePowerExample] } },
    run: async ({ actions }) => json(await actions.power()),
  }),
  route({
    method: 'post',
    path: '/power',
    id: 'switchPower',
    tag,
    scope: 'operate',
    summary: 'Switch the power of several nodes, all of them or none',
    description: `Power comes on a few boards at a time, and only as far as the switch has watts left. ${behindAnswer}`,
    isChange: true,
    body: { schema: PowerListRequest, example: { nodes: ['node01', 'node02'], action: 'on' } },
    answers: {
      200: {
        summary: 'What a dry run would switch',
        schema: z.array(PowerChange),
        example: [{ ...powerChangeExample, dryRun: true }],
      },
      202: { summary: 'It is being switched', schema: z.array(PowerChange), example: [powerChangeExample] },
    },
    problems: [404, 409],
    run: async ({ actions, body, options }) =>
      json(await actions.switchPower(body, options), { status: options.dryRun ? 200 : 202 }),
  }),
  route({
    method: 'get',
    path: '/power/runs',
    id: 'listPowerRuns',
    tag,
    scope: 'read',
    summary: 'Show which ports are being switched, and how the last orders ended',
    answers: { 200: { summary: 'Orders', schema: PowerRuns, example: powerRunsExample } },
    run: ({ actions }) => json(actions.powerRuns()),
  }),
  route({
    method: 'get',
    path: '/power/order',
    id: 'getPowerOrder',
    tag,
    scope: 'read',
    summary: 'Show the order in which nodes are shut down, whoever others need last',
    answers: { 200: { summary: 'Stages', schema: PowerOrder, example: powerOrderExample } },
    run: ({ actions }) => json(actions.powerOrder()),
  }),
  route({
    method: 'get',
    path: '/power/map',
    id: 'discoverPower',
    tag,
    scope: 'operate',
    summary: 'Ask the switches which port each node is behind',
    description: 'By the MAC addresses that they have learned, and by LLDP. Nothing is changed.',
    answers: { 200: { summary: 'One proposal for each node', schema: PowerMap, example: powerMapExample } },
    run: async ({ actions }) => json(await actions.discoverPower()),
  }),
  route({
    method: 'post',
    path: '/nodes/{name}:power',
    id: 'switchNodePower',
    tag,
    scope: 'operate',
    summary: "Switch a node's power",
    description: behindAnswer,
    isChange: true,
    isGuarded: true,
    body: { schema: PowerRequest, example: { action: 'cycle' } },
    answers: {
      200: {
        summary: 'What a dry run would switch',
        schema: PowerChange,
        example: { ...powerChangeExample, dryRun: true },
      },
      202: { summary: 'It is being switched', schema: PowerChange, example: powerChangeExample },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const [answer] = await actions.switchPower({ nodes: [param('name')], action: body.action }, options);
      return json(answer, { status: options.dryRun ? 200 : 202 });
    },
  }),
  route({
    method: 'post',
    path: '/nodes/{name}:shutdown',
    id: 'shutdownNode',
    tag,
    scope: 'operate',
    summary: 'Shut a node down by ssh',
    description:
      'Answered when the node has taken the order. Its power stays on, and it stays down until that is cycled.',
    isChange: true,
    answers: {
      200: {
        summary: 'The node goes down, or would',
        schema: Shutdown,
        example: { node: 'node01', dryRun: false, runs: true },
      },
    },
    problems: [409],
    run: async ({ actions, param, options }) => json(await actions.shutdownNode(param('name'), options)),
  }),
];
