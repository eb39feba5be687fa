/** What a person sees on stderr when a command fails, and the exit code that goes with it. */
import { PiImageError, UsageError } from '../model/errors.ts';

export const exitCode = { done: 0, failed: 1, usage: 2, bug: 70, interrupted: 130 } as const;

/** The stack is shown for bugs only. */
export function explain(error: unknown): string {
  if (!(error instanceof PiImageError)) {
    return `pi-image: bug: ${error instanceof Error ? error.stack : String(error)}\n`;
  }
  const lines = [`pi-image: ${error.message}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) lines.push(`  because: ${cause.message}`);
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof PiImageError) return exitCode.failed;
  return exitCode.bug;
}
