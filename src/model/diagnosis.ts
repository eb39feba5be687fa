/** What "pi-image doctor" finds: what is wrong, why, and what to do about it. Schema = type = what the API documents. */
import { z } from 'zod';

import { NodeStatus } from './node-status.ts';

export const Finding = z.strictObject({
  /** A node, a part of the service, a file of the owner, or the machine that the service runs on. */
  kind: z.enum(['node', 'service', 'config', 'machine']),
  /** Which of them. */
  name: z.string(),
  /** `note`: it works, and could be better or may become wrong. */
  severity: z.enum(['wrong', 'note']),
  /** Id of the rule; docs/troubleshooting.md lists them. */
  rule: z.string(),
  /** One sentence without a full stop. */
  cause: z.string(),
  hint: z.string().optional(),
});
export type Finding = Readonly<z.infer<typeof Finding>>;

export const NodeDiagnosis = z.strictObject({
  node: z.string(),
  state: NodeStatus.shape.state,
  /** The most likely cause first; empty when nothing speaks against it. */
  findings: z.array(Finding),
});
export type NodeDiagnosis = Readonly<z.infer<typeof NodeDiagnosis>>;

/** Of the whole site, as far as the service can tell. */
export const SiteDiagnosis = z.strictObject({
  status: z.enum(['ok', 'wrong']),
  nodes: z.strictObject({ all: z.int(), ready: z.int() }),
  findings: z.array(Finding),
});
export type SiteDiagnosis = Readonly<z.infer<typeof SiteDiagnosis>>;
