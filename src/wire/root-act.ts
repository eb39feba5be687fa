/** One line of JSON each way between the service and its helper. Whoever connects may write anything. */
import { WireError } from '../model/errors.ts';
import { RootAct, RootAnswer } from '../model/root-act.ts';

/** Exports of thousands of nodes; nothing that is meant is longer. */
export const longestActBytes = 8 * 1024 * 1024;

export const encodeRootAct = (act: RootAct): string => `${JSON.stringify(act)}\n`;
export const encodeRootAnswer = (answer: RootAnswer): string => `${JSON.stringify(answer)}\n`;

/** @throws WireError that says what is wrong with it */
export const decodeRootAct = (line: string): RootAct => decode(line, RootAct, 'request to the helper');

/** @throws WireError */
export const decodeRootAnswer = (line: string): RootAnswer => decode(line, RootAnswer, 'answer of the helper');

/** What zod's schemas offer. */
interface Schema<T> {
  safeParse(
    input: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

function decode<T>(line: string, schema: Schema<T>, what: string): T {
  const result = schema.safeParse(parseJson(line, what));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new WireError(`this is no ${what}: ${place}${issue?.message ?? ''}`);
}

function parseJson(line: string, what: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new WireError(`this is no ${what}: it is no JSON`, { cause: error });
  }
}
