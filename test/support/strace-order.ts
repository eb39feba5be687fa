/** Did an answer leave before the disk had what it acknowledges? Read off a record of system calls. */
import type { Call } from './strace-read.ts';

export interface Promised {
  /** End of the name of the file that keeps it. */
  readonly file: string;
  /** Stands in what is written for the first time when this is kept. */
  readonly mark: string;
  readonly isAnswer: (call: Call) => boolean;
}

const writes = new Set(['pwrite64', 'write', 'writev']);
const syncs = new Set(['fsync', 'fdatasync']);

/** @returns undefined when the answer left after the disk had it */
export function findTooEarly(calls: readonly Call[], { file, mark, isAnswer }: Promised): string | undefined {
  const ofFile = (call: Call) => call.on.endsWith(file);
  const written = calls.find((call) => writes.has(call.name) && ofFile(call) && call.content.includes(mark));
  if (written === undefined) return `"${mark}" was never written to ${file}`;
  const synced = calls.find(
    (call) => syncs.has(call.name) && ofFile(call) && call.result === 0 && call.madeAt > written.returnedAt,
  );
  if (synced === undefined) return `"${mark}" was written to ${file} and not synced`;
  const answer = calls.find((call) => isAnswer(call));
  if (answer === undefined) return `nothing was answered for "${mark}"`;
  return answer.madeAt > synced.returnedAt ? undefined : `the answer left before "${mark}" was on the disk`;
}

/** A file that gets its name when it is whole: named, and its folder synced. */
export function findNamedTooLate(
  calls: readonly Call[],
  { folder, isAnswer }: { readonly folder: string; readonly isAnswer: Promised['isAnswer'] },
): string | undefined {
  const named = calls.find((call) => call.name === 'rename' && call.content.includes(`${folder}/`));
  if (named === undefined) return `no file in ${folder} got its name`;
  const synced = calls.find(
    (call) => syncs.has(call.name) && call.on.endsWith(folder) && call.result === 0 && call.madeAt > named.returnedAt,
  );
  if (synced === undefined) return `the names in ${folder} were not synced`;
  const answer = calls.find((call) => isAnswer(call));
  if (answer === undefined) return `nothing was answered`;
  return answer.madeAt > synced.returnedAt ? undefined : `the answer left before ${folder} had the file`;
}
