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
    answers: { 200: { summary: 'The role', schema: Role, example: roleExample } },
    run: ({ actions, param }) => json(actions.role(param('name'))),
  }),
];
