/** Nodes: what they are, what they boot, and how they change. */
import type { Tagged } from '../../model/change.ts';
import { NodeList, NodeSpec } from '../../model/node.ts';
import type { NodeQuery } from '../../model/node-query.ts';
import { PublicBoot } from '../../model/node-status.ts';
import { OverlayReport } from '../../model/overlay-report.ts';
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type AnswerSpec, type Reply, type Route } from '../route.ts';
import { bootExample, overlayReportExample, Plan, planExample } from '../schemas/boot.ts';
import { nodeFilters } from '../schemas/node-filters.ts';
import { Node, nodeExample, NodePatch, NodesChange, nodesChangeExample, nodeSpecExample } from '../schemas/node.ts';

const tag = 'nodes';

const changed: AnswerSpec = {
  summary: 'What was changed, or would be',
  schema: NodesChange,
  example: nodesChangeExample,
  headers: ['ETag'],
};

export const nodeRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/nodes',
    id: 'listNodes',
    tag,
    scope: 'read',
    summary: 'List all nodes and where they stand',
    description:
      'In the order of nodes.yaml; pages go by name. The ETag is that of the descriptions of all nodes: a status that ' +
      'changes does not change it.',
    isPaged: true,
    query: nodeFilters,
    answers: { 200: { summary: 'The nodes', schema: z.array(Node), example: [nodeExample], headers: ['ETag'] } },
    run: ({ actions, query, page }) => {
      // Read by the schemas of `nodeFilters`.
      const { label: labels, ...filter } = query as NodeQuery & { readonly label?: readonly string[] };
      const { answer: items, etag, next } = actions.nodes({ ...filter, labels, page });
      return { kind: 'list', items, etag, next };
    },
  }),
  route({
    method: 'put',
    path: '/nodes',
    id: 'applyNodes',
    tag,
    scope: 'admin',
    summary: 'Replace the list of all nodes',
    description: 'Nodes that are not in the list are removed. Each node gets what is new at its next boot.',
    isChange: true,
    isGuarded: true,
    body: { schema: NodeList, example: [nodeSpecExample] },
    answers: { 200: changed },
    run: async ({ actions, body, options }) => tagged(await actions.applyNodes(body, options)),
  }),
  route({
    method: 'post',
    path: '/nodes',
    id: 'addNode',
    tag,
    scope: 'admin',
    summary: 'Add a node',
    isChange: true,
    body: { schema: NodeSpec, example: nodeSpecExample },
    answers: {
      200: { ...changed, summary: 'What a dry run would add' },
      201: {
        ...changed,
        summary: 'The node is added',
        example: { dryRun: false, changes: [{ kind: 'added', node: 'node01', fields: [] }] },
        headers: ['ETag', 'Location'],
      },
    },
    problems: [409],
    run: async ({ actions, body, options }) => created(await actions.addNode(body, options), body.name),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}',
    id: 'getNode',
    tag,
    scope: 'read',
    summary: 'Show a node and where it stands',
    description: 'The ETag is that of its description: a status that changes does not change it.',
    answers: { 200: { summary: 'The node', schema: Node, example: nodeExample, headers: ['ETag'] } },
    run: ({ actions, param }) => tagged(actions.node(param('name'))),
  }),
  route({
    method: 'patch',
    path: '/nodes/{name}',
    id: 'changeNode',
    tag,
    scope: 'admin',
    summary: "Change a node's description",
    description:
      'A JSON merge patch (RFC 7396): what is not named stays, null takes away. The role has a path of its own.',
    isChange: true,
    isGuarded: true,
    body: { schema: NodePatch, example: { address: '10.42.0.12', vars: { slurmPartition: null } }, isMergePatch: true },
    answers: { 200: changed },
    run: async ({ actions, param, body, options }) => tagged(await actions.patchNode(param('name'), body, options)),
  }),
  route({
    method: 'delete',
    path: '/nodes/{name}',
    id: 'removeNode',
    tag,
    scope: 'admin',
    summary: 'Remove a node',
    description: 'Its board is unknown from its next boot on; until then it goes on as it is.',
    isChange: true,
    isGuarded: true,
    answers: {
      200: {
        summary: 'The node is removed, or would be',
        schema: NodesChange,
        example: { dryRun: false, changes: [{ kind: 'removed', node: 'node01', fields: [] }] },
      },
    },
    run: async ({ actions, param, options }) => tagged(await actions.removeNode(param('name'), options)),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/plan',
    id: 'getNodePlan',
    tag,
    scope: 'read',
    summary: 'Show what a node would boot now',
    answers: { 200: { summary: 'Its generation and the files of its overlay', schema: Plan, example: planExample } },
    run: ({ actions, param }) => json(actions.plan(param('name'))),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/overlay',
    id: 'getNodeOverlay',
    tag,
    scope: 'read',
    summary: "Show what a node's next boot changes of its overlay, and what was changed on the node",
    answers: { 200: { summary: 'The differences', schema: OverlayReport, example: overlayReportExample } },
    run: async ({ actions, param }) => json(await actions.overlay(param('name'), false)),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/overlay/now',
    id: 'checkNodeOverlay',
    tag,
    scope: 'operate',
    summary: 'Ask a node to compare the files of its overlay with what it was given',
    description: 'A node that runs answers within some seconds. Nothing is changed.',
    answers: { 200: { summary: 'The differences', schema: OverlayReport, example: overlayReportExample } },
    run: async ({ actions, param }) => json(await actions.overlay(param('name'), true)),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/boots',
    id: 'listNodeBoots',
    tag,
    scope: 'read',
    summary: "List a node's boots, newest first",
    isPaged: true,
    answers: { 200: { summary: 'The boots that are kept', schema: z.array(PublicBoot), example: [bootExample] } },
    run: (call) => listed(call, call.actions.boots(call.param('name')), ({ id }) => id),
  }),
];

function tagged({ answer, etag }: Tagged<unknown>): Reply {
  return json(answer, { etag });
}

/** Nothing is at that place after a dry run. */
function created({ answer, etag }: Tagged<NodesChange>, name: string): Reply {
  return answer.dryRun
    ? json(answer, { etag })
    : json(answer, { status: 201, etag, location: `/api/v1/nodes/${name}` });
}
