/** RFC 9457 problem details: how every refusal and failure is told. */
import { z } from 'zod';

export const Problem = z.strictObject({
  status: z.int(),
  /** What is wrong, as one sentence. */
  title: z.string(),
  /** What to do now. */
  detail: z.string().optional(),
  /** Each thing that is wrong with what was sent. */
  problems: z.array(z.string()).optional(),
  /** With 412: the tag that the resource has now. */
  etag: z.string().optional(),
});
export type Problem = Readonly<z.output<typeof Problem>>;
