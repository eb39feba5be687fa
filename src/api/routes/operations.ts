/** Operations: begun with a role for nodes, looked at, and stopped. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type AnswerSpec, type Route } from '../route.ts';
import {
  AnyOperation,
  AnyShownOperation,
  assignExample,
  AssignRequest,
  cancelledExample,
  CancelledOperation,
  HeldWork,
  heldWorkExample,
  listedExample,
  resumedExample,
  ResumedOperation,
  shownExample,
  startedExample,
  StartedOperation,
} from '../schemas/operation.ts';
import { listedBuildExample } from '../schemas/image-build.ts';
import { listedRotationExample } from '../schemas/rotation.ts';

const tag = 'operations';

const planned: AnswerSpec = {
  summary: 'What it would change on each node; also when there is nothing to change',
  schema: StartedOperation,
  example: { ...startedExample, dryRun: true, operation: undefined },
};

export const operationRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/roles/{name}:assign',
    id: 'assignRole',
    tag,
    scope: 'operate',
    summary: 'Give nodes a role, one after the other, without losing jobs',
    description:
      'Each node is drained in Slurm, gets the role, reboots, becomes ready and takes jobs again. One whose role does ' +
      'not come up gets its old one back. When more than a fifth of them fail no other node is begun. The answer does ' +
      'not wait: it names the operation.',
    isChange: true,
    body: { schema: AssignRequest, example: assignExample },
    answers: {
      200: planned,
      202: { summary: 'It has begun', schema: StartedOperation, example: startedExample, headers: ['Location'] },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer } = await actions.assignRole(param('name'), body, options);
      if (answer.operation === undefined) return json(answer);
      return json(answer, { status: 202, location: `/api/v1/operations/${answer.operation}` });
    },
  }),
  route({
    method: 'get',
    path: '/operations',
    id: 'listOperations',
    tag,
    scope: 'read',
    summary: 'List operations, newest first',
    isPaged: true,
    answers: {
      200: {
        summary: 'All that go on, and the last hundred that have ended',
        schema: z.array(AnyOperation),
        example: [listedBuildExample, listedRotationExample, listedExample],
      },
    },
    run: (call) => listed(call, call.actions.operations(), ({ id }) => id),
  }),
  route({
    method: 'get',
    path: '/operations/{id}',
    id: 'getOperation',
    tag,
    scope: 'read',
    summary: 'Show an operation with its steps',
    description:
      'Of each node; of a build, its own, and the last lines that it said. The ETag is another one when its state is: ' +
      'steps that go on do not change it.',
    answers: {
      200: { summary: 'The operation', schema: AnyShownOperation, example: shownExample, headers: ['ETag'] },
    },
    run: ({ actions, param }) => {
      const { answer, etag } = actions.operation(param('id'));
      return json(answer, { etag });
    },
  }),
  route({
    method: 'post',
    path: '/operations:hold',
    id: 'holdOperations',
    tag,
    scope: 'operate',
    summary: 'Let all work on nodes wait, also through restarts of the service',
    description:
      'Operations, rollouts and rotations stay where they are, in the middle of a step, and nodes of theirs may be shut ' +
      'down and switched off. Builds go on. Begins the shutdown of a whole cluster.',
    isChange: true,
    answers: { 200: { summary: 'What waits, or would', schema: HeldWork, example: heldWorkExample } },
    run: async ({ actions, options }) => json(await actions.holdOperations(options)),
  }),
  route({
    method: 'post',
    path: '/operations:release',
    id: 'releaseOperations',
    tag,
    scope: 'operate',
    summary: 'Let the work on nodes go on that was held',
    description: 'Time that passed meanwhile is not counted against nodes. Ends the start of a whole cluster.',
    isChange: true,
    answers: { 200: { summary: 'What goes on, or would', schema: HeldWork, example: heldWorkExample } },
    run: async ({ actions, options }) => json(await actions.releaseOperations(options)),
  }),
  route({
    method: 'post',
    path: '/operations/{id}:cancel',
    id: 'cancelOperation',
    tag,
    scope: 'operate',
    summary: 'Begin no other node',
    description:
      'Nodes that are drained only take jobs again. Those that have their new role go on to the end, and fall back by themselves where it does not come up. Of a rotation: the old key comes back. A build ends, and leaves no version.',
    isChange: true,
    isGuarded: true,
    answers: {
      200: { summary: 'It stops, or would', schema: CancelledOperation, example: cancelledExample },
    },
    problems: [409],
    run: async ({ actions, param, options }) => json((await actions.cancelOperation(param('id'), options)).answer),
  }),
  route({
    method: 'post',
    path: '/operations/{id}:resume',
    id: 'resumeOperation',
    tag,
    scope: 'operate',
    summary: 'Go on with one that stopped',
    description:
      'Of a role for nodes that stopped because too many failed, or was cancelled: nodes that were not begun, or kept what they had, have their turn. Those that failed stay as they are. Rotations and builds are begun again instead.',
    isChange: true,
    isGuarded: true,
    answers: {
      200: { summary: 'It goes on, or would', schema: ResumedOperation, example: resumedExample },
    },
    problems: [409],
    run: async ({ actions, param, options }) => json((await actions.resumeOperation(param('id'), options)).answer),
  }),
];
