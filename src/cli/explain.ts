/** What a person sees on stderr when a command fails, and the exit code that goes with it. */
import { PiImageError, UsageError } from '../model/errors.ts';

export const exitCode = { done: 0, failed: 1, usage: 2, bug: 70, interrupted: 130 } as const;

/** A program that a person had us run has failed: it has said why itself, and its exit code becomes ours. */
export class CommandEnded extends PiImageError {
  readonly code: number;

  /** @param message what follows from it for us, if anything */
  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}

/** The stack is shown for bugs only. */
export function explain(error: unknown): string {
  if (error instanceof CommandEnded && error.message === '') return '';
  if (isSystemError(error)) return `pi-image: ${error.message}\n${hintOf(error)}`;
  if (!(error instanceof PiImageError)) {
    return `pi-image: bug: ${error instanceof Error ? error.stack : String(error)}\n`;
  }
  const lines = [`pi-image: ${error.message}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) lines.push(`  because: ${cause.message}`);
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandEnded) return error.code;
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof PiImageError || isSystemError(error)) return exitCode.failed;
  return exitCode.bug;
}

/** A file or socket that the system refused (EACCES, ENOSPC): it names itself, and is no bug. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error && !(error instanceof PiImageError);
}

function hintOf({ code }: NodeJS.ErrnoException): string {
  return code === 'EACCES' || code === 'EPERM' ? '  hint: Run it as root.\n' : '';
}
