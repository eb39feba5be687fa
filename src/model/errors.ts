/** How things fail: what happened, why, and what to do now. */

/** Every failure that a user can act on. Anything else that is thrown is a bug in pi-image. */
export class PiImageError extends Error {
  /** One imperative sentence: what the user can do now. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** What the user wrote (cluster.yaml, image.yaml, a flag) does not say something we can do. */
export class ConfigError extends PiImageError {}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends PiImageError {}

/** A packet that breaks its RFC. Services log it and drop the packet; it never stops a service. */
export class WireError extends PiImageError {}

/** A program or system call that we depend on failed. */
export class HostError extends PiImageError {}

/** What was asked for does not exist. */
export class NotFoundError extends PiImageError {}

/** It could be done at another time or to another node, but not to this one now. */
export class RefusedError extends PiImageError {}

/** Somebody else changed it since it was read: what was asked for may no longer be what is wanted. */
export class ChangedError extends PiImageError {
  /** What it is now. */
  readonly etag: string;

  constructor(what: string, etag: string) {
    super(`${what} was changed since you read it`, {
      hint: 'Read it again, and repeat the change if you still want it.',
    });
    this.etag = etag;
  }
}

/** Makes a missing case of a union a compile error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
