/** A change that somebody asks for: on what condition, and the tag of what it leaves. */

/** Who asks for a change, and on what condition. */
export interface ChangeOptions {
  /** Name of the token, or `socket`: stands in the event of the change as `by`. */
  readonly by: string;
  /** Check everything, answer what would change, change nothing. */
  readonly dryRun: boolean;
  /** If-Match as the client sent it: `requireMatch` of plan/etag.ts compares it, inside of state.update. */
  readonly ifMatch: string | undefined;
}

/** An answer and the tag of the node (of the list) as it is after it; after a dry run, as it is now. */
export interface Tagged<T> {
  readonly answer: T;
  /** undefined when the node is gone. */
  readonly etag: string | undefined;
}
