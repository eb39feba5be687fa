/** Another role for several nodes at once. */
import { z } from 'zod';

import { NodeName } from '../../model/names.ts';
import { RoleChange, roleChangeExample } from './role.ts';

export const RolesRequest = z.strictObject({
  nodes: z.array(NodeName).min(1),
  /** Reboot those that run at once; else they have the new role after their next boot. */
  reboot: z.boolean().default(false),
});
export type RolesRequest = Readonly<z.output<typeof RolesRequest>>;

export const RolesChange = z.strictObject({
  dryRun: z.boolean(),
  /** Of every node that was named, in that order. */
  changes: z.array(RoleChange),
});
export type RolesChange = Readonly<z.output<typeof RolesChange>>;

export const rolesChangeExample = { dryRun: false, changes: [roleChangeExample] };
