/** An error on its way between two threads: structured clone keeps neither its class nor what to do about it. */
import { HostError, PiImageError } from '../../model/errors.ts';

export type Failure =
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly hint: string | undefined;
      readonly because: Failure | undefined;
    }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string | undefined };

export function toFailure(error: unknown): Failure {
  if (error instanceof PiImageError) {
    const { message, hint, cause } = error;
    return { kind: 'failed', message, hint, because: cause instanceof Error ? toFailure(cause) : undefined };
  }
  return error instanceof Error
    ? { kind: 'bug', message: error.message, stack: error.stack }
    : { kind: 'bug', message: String(error), stack: undefined };
}

export function fromFailure(failure: Failure): Error {
  if (failure.kind === 'failed') {
    const { message, hint, because } = failure;
    return new HostError(message, {
      ...(hint !== undefined && { hint }),
      ...(because !== undefined && { cause: fromFailure(because) }),
    });
  }
  const error = new Error(failure.message);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
