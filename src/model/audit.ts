/** Who changed what, when, from where, and with what result. */
import { z } from 'zod';

export const AuditEntry = z.strictObject({
  /** Counts up. */
  id: z.int().min(1),
  atMs: z.number(),
  /** Name of the token; `socket` on this machine; `command` where no service ran. */
  by: z.string(),
  /** Address that it came from; `socket`, or `command`. */
  from: z.string(),
  /** operationId of the document. */
  action: z.string(),
  /** `PUT /api/v1/nodes/node01/role` */
  request: z.string(),
  /** Beginning of what was sent, as JSON. */
  body: z.string().optional(),
  /** Of HTTP: below 300 it was carried out. */
  status: z.int(),
  /** Why not. */
  reason: z.string().optional(),
});
export type AuditEntry = Readonly<z.output<typeof AuditEntry>>;

type NewAuditEntry = Omit<AuditEntry, 'id' | 'atMs'>;

interface AuditQuery {
  readonly limit: number;
  /** Only older ones. */
  readonly before?: number | undefined;
  readonly by?: string | undefined;
}

export interface AuditLog {
  /** Resolves when it is on the disk. */
  readonly append: (entry: NewAuditEntry) => Promise<void>;
  /** Newest first. */
  readonly list: (query: AuditQuery) => Promise<readonly AuditEntry[]>;
}

const longestBody = 300;
/** No body that is taken is as deep; one that was refused may be nested without end. */
const deepest = 8;

/** undefined: nothing was sent. */
export function auditedBody(body: unknown): string | undefined {
  if (body === undefined) return undefined;
  const text = JSON.stringify(upTo(deepest, body));
  return text.length <= longestBody ? text : `${text.slice(0, longestBody)}...`;
}

function upTo(depth: number, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.map((item) => upTo(depth - 1, item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, upTo(depth - 1, item)]));
}
