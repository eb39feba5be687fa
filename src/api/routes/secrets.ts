/** Secrets that nodes hold: no route ever answers one. */
import { json, route, type Route } from '../route.ts';
import { rotateExample, RotateRequest, startedRotationExample, StartedRotation } from '../schemas/rotation.ts';

export const secretRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/secrets/{name}:rotate',
    id: 'rotateSecret',
    tag: 'operations',
    scope: 'admin',
    summary: 'Give the running cluster another munge key',
    description:
      'Partitions of Slurm that are up are closed, every node that runs gets the new key and restarts munged, and the ' +
      'partitions are opened again. Jobs that run go on. Nodes that do not run get it at their next boot. When the ' +
      'controller, or more than a fifth of the nodes, does not restart munged, the old key comes back by itself. The ' +
      'answer does not wait: it names the operation.',
    isChange: true,
    body: { schema: RotateRequest, example: rotateExample },
    answers: {
      200: {
        summary: 'What it would do',
        schema: StartedRotation,
        example: { ...startedRotationExample, dryRun: true, operation: undefined },
      },
      202: { summary: 'It has begun', schema: StartedRotation, example: startedRotationExample, headers: ['Location'] },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer } = await actions.rotateSecret(param('name'), body, options);
      if (answer.operation === undefined) return json(answer);
      return json(answer, { status: 202, location: `/api/v1/operations/${answer.operation}` });
    },
  }),
];
