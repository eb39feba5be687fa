/** Gives one node another role as an operation, and answers what that means for this node. */
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { changeRole, type RoleChange, type RoleFleet } from './role-change.ts';
import { startRoleChange, type RoleAssignment, type StartedOperation } from './start-operation.ts';

type NodeAssignment = Omit<RoleAssignment, 'nodes' | 'maxUnavailable'>;

/** What it would change where nothing begins: in a dry run, and when it has the role. @throws as startRoleChange */
export async function assignRole(
  name: string,
  wanted: NodeAssignment,
  options: ChangeOptions,
  { fleet, now }: { readonly fleet: RoleFleet; readonly now: () => number },
): Promise<Tagged<RoleChange | StartedOperation>> {
  const assignment = { ...wanted, nodes: [name], maxUnavailable: { count: 1 } };
  const begun = await startRoleChange(assignment, options, fleet, now);
  if (begun.answer.operation !== undefined) return begun;
  const role = { role: wanted.role, reboot: false };
  const { answer, etag } = await changeRole(name, role, { ...options, dryRun: true }, fleet);
  return { answer: { ...answer, dryRun: options.dryRun, reboots: answer.isChanged }, etag };
}
