/** What operators do with nodes: another role, a reboot. */
import { json, route, type Route } from '../route.ts';
import { startedExample, StartedOperation } from '../schemas/operation.ts';
import { Reboot, RoleChange, roleChangeExample } from '../schemas/role.ts';
import { RolesChange, rolesChangeExample, RolesRequest } from '../schemas/role-changes.ts';
import { RoleRequest, roleRequestExample } from '../schemas/role-request.ts';

export const roleChangeRoutes: readonly Route[] = [
  route({
    method: 'put',
    path: '/nodes/{name}/role',
    id: 'setNodeRole',
    tag: 'nodes',
    scope: 'operate',
    summary: 'Give a node another role',
    description:
      'The node has it after its next boot, which `reboot` brings about at once. What it runs now stays exported until it has reported the new one. ' +
      'With `drain` it is an operation, as `POST /roles/{name}:assign` begins one: the node is drained in Slurm, gets ' +
      'the role, reboots, becomes ready and takes jobs again, or gets its old role back. The answer does not wait: it ' +
      'names the operation.',
    isChange: true,
    isGuarded: true,
    body: { schema: RoleRequest, example: roleRequestExample },
    answers: {
      200: {
        summary: 'What the change means for the node; with `drain`, of a dry run and of a role that it has already',
        schema: RoleChange,
        example: roleChangeExample,
        headers: ['ETag'],
      },
      202: {
        summary: 'The operation has begun',
        schema: StartedOperation,
        example: startedExample,
        headers: ['Location'],
      },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer, etag } = await actions.setRole(param('name'), body, options);
      if (!('operation' in answer)) return json(answer, { etag });
      return json(answer, { status: 202, location: `/api/v1/operations/${answer.operation}` });
    },
  }),
  route({
    method: 'post',
    path: '/roles/{name}:set',
    id: 'setRoles',
    tag: 'nodes',
    scope: 'operate',
    summary: 'Give several nodes a role: all of them or none',
    description:
      'As for one node: they have it after their next boot, which `reboot` brings about at once. If-Match is the ETag of ' +
      'the list of nodes, for whoever has chosen them from it. Where many are named, the lines of long files are not shown.',
    isChange: true,
    isGuarded: true,
    body: { schema: RolesRequest, example: { nodes: ['node01'], reboot: true } },
    answers: {
      200: {
        summary: 'What the change means for each node',
        schema: RolesChange,
        example: rolesChangeExample,
        headers: ['ETag'],
      },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer, etag } = await actions.setRoles(param('name'), body, options);
      return json(answer, { etag });
    },
  }),
  route({
    method: 'post',
    path: '/nodes/{name}:reboot',
    id: 'rebootNode',
    tag: 'nodes',
    scope: 'operate',
    summary: 'Reboot a node',
    description: 'The answer does not wait for it: the events tell how it went.',
    isChange: true,
    isGuarded: true,
    answers: {
      200: { summary: 'What a dry run would reboot', schema: Reboot, example: { node: 'node01', dryRun: true } },
      202: { summary: 'The node is told to reboot', schema: Reboot, example: { node: 'node01', dryRun: false } },
    },
    problems: [409],
    run: async ({ actions, param, options }) => {
      const { answer, etag } = await actions.reboot(param('name'), options);
      return json(answer, { status: answer.dryRun ? 200 : 202, etag });
    },
  }),
];
