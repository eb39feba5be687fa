/** A failure in one line, for logs, health and problem details. */
import { PiImageError } from './errors.ts';

export function describeError(error: unknown): string {
  if (!(error instanceof PiImageError)) return `bug: ${error instanceof Error ? error.stack : String(error)}`;
  const parts = [error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) parts.push(`because: ${cause.message}`);
  if (error.hint !== undefined) parts.push(error.hint);
  return parts.join('; ').replaceAll('\n', '; ');
}
