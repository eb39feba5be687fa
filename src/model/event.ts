/** What happened, in the order in which it reached the disk: for people who look back and programs that follow. */
import { z } from 'zod';

const EventFields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const Event = z.strictObject({
  /** Counts up and is never given twice: a reader goes on after the last one it saw. */
  id: z.int().min(1),
  atMs: z.number(),
  /** A noun and what happened to it: `node.role-set`, `boot.phase`, `board.unknown`. */
  kind: z.string(),
  node: z.string().optional(),
  /** Facts beside the kind; never a secret. */
  fields: EventFields,
});
export type Event = Readonly<z.infer<typeof Event>>;

/** As it is handed in; the database adds number and time. */
export interface NewEvent {
  readonly kind: string;
  readonly node?: string;
  readonly fields?: Readonly<Record<string, string | number | boolean | undefined>>;
}
