/** Another role for one node: at its next boot, at once, or as an operation that brings the old one back when it fails. */
import { z } from 'zod';

import { ResourceName } from '../../model/names.ts';
import { DrainPolicy } from '../../model/operation.ts';
import { DrainDeadlineSeconds } from './operation.ts';

export const RoleRequest = z
  .strictObject({
    role: ResourceName,
    /** Reboot the node at once; else it has the new role after its next boot. */
    reboot: z.boolean().optional(),
    /** As an operation, which reboots it: what happens to jobs that run on it. */
    drain: DrainPolicy.optional(),
    /** How long jobs may run on. */
    drainDeadlineSeconds: DrainDeadlineSeconds.optional(),
    /** Also what did not come up before. */
    retry: z.boolean().optional(),
  })
  .superRefine(({ drain, reboot, drainDeadlineSeconds, retry }, context) => {
    const refuse = (key: string, message: string, hint: string) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { hint } });
    if (drain !== undefined && reboot === false) {
      refuse(
        'reboot',
        `false does not go with "drain": "${drain}", which reboots the node`,
        'Leave out reboot; or leave out drain, and the node has the role after its next boot.',
      );
    }
    for (const [key, value] of Object.entries({ drainDeadlineSeconds, retry })) {
      if (drain === undefined && value !== undefined) {
        refuse(key, `${value} goes with drain only`, 'Send drain, too, for example "drain": "wait".');
      }
    }
  });
export type RoleRequest = Readonly<z.output<typeof RoleRequest>>;

export const roleRequestExample = { role: 'login', drain: 'wait', drainDeadlineSeconds: 1800 };
