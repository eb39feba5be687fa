/** Answers that are kept for whoever repeats a request under the same key. */

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly etag?: string | undefined;
  readonly location?: string | undefined;
}

export interface KeyedRequest {
  /** Digest of who asks and of the key. */
  readonly key: string;
  /** Digest of what is asked for. */
  readonly request: string;
}

export type KeyState =
  /** Nobody has asked under this key: it is taken now. */
  | { readonly kind: 'new' }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  /** The key was taken for something else. */
  | { readonly kind: 'other-request' }
  /** It was taken, and the service ended before it had an answer. */
  | { readonly kind: 'unfinished' };

/** Each promise resolves when it is on the disk. */
export interface AnswerMemory {
  readonly begin: (request: KeyedRequest) => Promise<KeyState>;
  readonly finish: (key: string, answer: KeptAnswer) => Promise<void>;
  /** Nothing came of it: the key is free again. */
  readonly forget: (key: string) => Promise<void>;
}

/** Carries a request out, unless it was carried out before. */
export type RunOnce = <Reply>(once: KeyedWork<Reply>) => Promise<Once<Reply>>;

export interface KeyedWork<Reply> {
  readonly request: KeyedRequest;
  readonly work: () => Promise<Reply>;
  readonly keep: (reply: Reply) => KeptAnswer;
}

export type Once<Reply> =
  { readonly kind: 'done'; readonly reply: Reply } | { readonly kind: 'repeated'; readonly answer: KeptAnswer };
