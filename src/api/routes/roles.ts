/** Roles of cluster.yaml. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type Route } from '../route.ts';
import { Role, roleExample } from '../schemas/role.ts';

const tag = 'roles';

export const roleRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/roles',
    id: 'listRoles',
    tag,
    scope: 'read',
    summary: 'List the roles of cluster.yaml',
    isPaged: true,
    answers: { 200: { summary: 'All roles', schema: z.array(Role), example: [roleExample] } },
    run: (call) => listed(call, call.actions.roles(), ({ name }) => name),
  }),
  route({
    method: 'get',
    path: '/roles/{name}',
    id: 'getRole',
    tag,
    scope: 'read',
    summary: 'Show a role with every default, and its nodes',
    description: 'The ETag is that of the role and of the version that was chosen for it: its nodes do not change it.',
    answers: { 200: { summary: 'The role', schema: Role, example: roleExample, headers: ['ETag'] } },
    run: ({ actions, param }) => {
      const { answer, etag } = actions.role(param('name'));
      return json(answer, { etag });
    },
  }),
];
