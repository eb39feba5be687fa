/** Rollouts: begun, looked at, paused, resumed, taken back; rollbacks to what is kept; and who changed what. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type AnswerSpec, type Route } from '../route.ts';
import {
  Change,
  changeExample,
  OrderedRollout,
  orderedRolloutExample,
  Rollback,
  rollbackExample,
  RollbackRequest,
  rollbackRequestExample,
  rolloutExample,
  RolloutRequest,
  rolloutRequestExample,
  ShownRollout,
  StartedRollout,
  startedRolloutExample,
} from '../schemas/rollout.ts';

const tag = 'operations';

const ordered = (summary: string, state: string): Readonly<Record<number, AnswerSpec>> => ({
  200: { summary, schema: OrderedRollout, example: { ...orderedRolloutExample, state } },
});

export const rolloutRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/rollouts',
    id: 'startRollout',
    tag,
    scope: 'operate',
    summary: 'Bring a new version to the nodes of a role: a canary, then wave after wave',
    description:
      'Each node is drained in Slurm, reboots, becomes ready and takes jobs again. The others boot what they had until ' +
      'their turn comes. When nodes of a wave are not ready, Slurm does not take them back or a check fails, all that ' +
      'have the new version get back what they had. The answer does not wait: it names the rollout.',
    isChange: true,
    body: { schema: RolloutRequest, example: rolloutRequestExample },
    answers: {
      200: {
        summary: 'What a dry run would begin',
        schema: StartedRollout,
        example: { ...startedRolloutExample, dryRun: true, rollout: undefined },
      },
      202: { summary: 'It has begun', schema: StartedRollout, example: startedRolloutExample, headers: ['Location'] },
    },
    problems: [404, 409],
    run: async ({ actions, body, options }) => {
      const { answer } = await actions.startRollout(body, options);
      if (answer.rollout === undefined) return json(answer);
      return json(answer, { status: 202, location: `/api/v1/rollouts/${answer.rollout}` });
    },
  }),
  route({
    method: 'get',
    path: '/rollouts',
    id: 'listRollouts',
    tag,
    scope: 'read',
    summary: 'List rollouts, newest first',
    isPaged: true,
    answers: {
      200: {
        summary: 'All that go on, and the last fifty that have ended',
        schema: z.array(ShownRollout),
        example: [rolloutExample],
      },
    },
    run: (call) => listed(call, call.actions.rollouts(), ({ id }) => id),
  }),
  route({
    method: 'get',
    path: '/rollouts/{id}',
    id: 'getRollout',
    tag,
    scope: 'read',
    summary: 'Show a rollout with its waves',
    description:
      'The steps of the nodes of its wave are those of its operation. The ETag is another one when its state or its wave ' +
      'is: nodes that go on do not change it.',
    answers: { 200: { summary: 'The rollout', schema: ShownRollout, example: rolloutExample, headers: ['ETag'] } },
    run: ({ actions, param }) => {
      const { answer, etag } = actions.rollout(param('id'));
      return json(answer, { etag });
    },
  }),
  route({
    method: 'post',
    path: '/rollouts/{id}:pause',
    id: 'pauseRollout',
    tag,
    scope: 'operate',
    summary: 'Begin no other node until it is resumed',
    description: 'Nodes that are under way go on to the end. One that does not come up takes all back all the same.',
    isChange: true,
    isGuarded: true,
    answers: ordered('It is paused, or would be', 'paused'),
    problems: [409],
    run: async ({ actions, param, options }) => json((await actions.pauseRollout(param('id'), options)).answer),
  }),
  route({
    method: 'post',
    path: '/rollouts/{id}:resume',
    id: 'resumeRollout',
    tag,
    scope: 'operate',
    summary: 'Go on with a rollout that was paused',
    isChange: true,
    isGuarded: true,
    answers: ordered('It goes on, or would', 'running'),
    problems: [409],
    run: async ({ actions, param, options }) => json((await actions.resumeRollout(param('id'), options)).answer),
  }),
  route({
    method: 'post',
    path: '/rollouts/{id}:abort',
    id: 'abortRollout',
    tag,
    scope: 'operate',
    summary: 'Give all nodes back what they had',
    isChange: true,
    isGuarded: true,
    answers: ordered('It is taken back, or would be', 'aborting'),
    problems: [409],
    run: async ({ actions, param, options }) => json((await actions.abortRollout(param('id'), options)).answer),
  }),
  route({
    method: 'post',
    path: '/nodes:rollback',
    id: 'rollBackNodes',
    tag: 'nodes',
    scope: 'operate',
    summary: 'Hold nodes at a generation that is kept',
    description:
      'From its next boot on each boots exactly what it booted then, whatever its role and the files say; what runs ' +
      'goes on. `PUT /nodes/{name}/image` with `newest` ends it, and so does another role.',
    isChange: true,
    body: { schema: RollbackRequest, example: rollbackRequestExample },
    answers: { 200: { summary: 'What they boot from now on, or would', schema: Rollback, example: rollbackExample } },
    problems: [404, 409],
    run: async ({ actions, body, options }) => json((await actions.rollBack(body, options)).answer),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/history',
    id: 'getNodeHistory',
    tag: 'nodes',
    scope: 'read',
    summary: 'Show who changed what of a node, newest first',
    answers: { 200: { summary: 'As far as events are kept', schema: z.array(Change), example: [changeExample] } },
    run: async ({ actions, param }) => json(await actions.nodeHistory(param('name'))),
  }),
  route({
    method: 'get',
    path: '/roles/{name}/history',
    id: 'getRoleHistory',
    tag: 'roles',
    scope: 'read',
    summary: 'Show who changed what of a role, newest first',
    answers: {
      200: {
        summary: 'As far as events are kept',
        schema: z.array(Change),
        example: [{ ...changeExample, kind: 'role.image-set', node: undefined, by: 'ops' }],
      },
    },
    run: async ({ actions, param }) => json(await actions.roleHistory(param('name'))),
  }),
];
