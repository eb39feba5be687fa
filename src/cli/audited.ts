/** Changes that a command makes while no service runs, written into the audit log as the service would. */
import { auditedBody, type AuditLog } from '../model/audit.ts';
import type { ChangeOptions } from '../model/change.ts';
import { describeError } from '../model/describe-error.ts';

/** Its last argument says whether it is a dry run. */
type Change = (...args: never[]) => Promise<unknown>;

/** As the API calls it, where that is another name. */
const actionNames: Readonly<Record<string, string>> = {
  patchNode: 'changeNode',
  adopt: 'adoptBoard',
  chooseVersion: 'setRoleImage',
  pinVersion: 'pinImage',
};

/** @param changes functions only; each takes ChangeOptions last */
export function audited<T extends object>(changes: T, audit: AuditLog): T {
  const wrapped = Object.entries(changes as unknown as Record<string, Change>).map(([name, change]) => {
    const action = actionNames[name] ?? name;
    const call = async (...args: never[]) => {
      const isDryRun = (args.at(-1) as ChangeOptions | undefined)?.dryRun === true;
      const sent = args.slice(0, -1) as unknown[];
      const note = async (result: { status: number; reason?: string }) => {
        if (isDryRun) return;
        const body = auditedBody(sent);
        const who = { by: 'command', from: 'command', action, request: `pi-image ${action}` };
        await audit.append({ ...who, ...(body !== undefined && { body }), ...result });
      };
      try {
        const answer = await change(...args);
        await note({ status: 200 });
        return answer;
      } catch (error) {
        await note({ status: 400, reason: describeError(error) });
        throw error;
      }
    };
    return [name, call] as const;
  });
  // The same functions under the same names.
  return Object.fromEntries(wrapped) as unknown as T;
}
