/** One entry of the table of routes: what the router serves and what the document says are made from it. */
import type { Response } from 'express';
import type { z } from 'zod';

import type { ChangeOptions } from '../model/change.ts';
import type { TokenScope } from '../model/api-token.ts';
import type { Page } from '../model/node-query.ts';
import type { ApiActions } from './actions.ts';

type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

export interface Route<Body = unknown> {
  readonly method: Method;
  /** Below /api/v1, as OpenAPI writes it: `/nodes/{name}:reboot`. */
  readonly path: string;
  /** operationId: what generated clients call it. */
  readonly id: string;
  readonly tag: Tag;
  /** `none`: answered without a token. */
  readonly scope: TokenScope | 'none';
  readonly summary: string;
  readonly description?: string;
  /** Takes `?dryRun=true`, and is written down when it is done. */
  readonly isChange?: boolean;
  /** Takes If-Match. */
  readonly isGuarded?: boolean;
  /** Takes Last-Event-ID. */
  readonly isResumable?: boolean;
  /** Answers a list, and takes `limit` and `after`. */
  readonly isPaged?: boolean;
  /** What else may stand behind the question mark. */
  readonly query?: readonly QueryParameter[];
  readonly body?: { readonly schema: z.ZodType<Body>; readonly example: unknown; readonly isMergePatch?: boolean };
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** What of its answer is kept for a repeat with the same Idempotency-Key; all of it unless given. */
  readonly forRepeat?: (body: unknown) => unknown;
  /** What can go wrong beside that which every route of its kind has in common. */
  readonly problems?: readonly number[];
  readonly run: (call: Call<Body>) => Reply | Promise<Reply>;
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  /** Of the text; of each one when it may be repeated. */
  readonly schema: z.ZodType;
  /** The same for the document. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly isRepeatable?: boolean;
  readonly example?: unknown;
}

export type Tag = 'nodes' | 'roles' | 'operations' | 'boards' | 'images' | 'overlays' | 'service' | 'tokens';

export interface AnswerSpec {
  readonly summary: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
  readonly headers?: readonly ('ETag' | 'Location')[];
  /** JSON unless given. */
  readonly mediaType?: string;
  /** What `data` of each event holds, of a stream of events. */
  readonly eventData?: z.ZodType;
}

export interface Call<Body = unknown> {
  readonly actions: ApiActions;
  /** What stands in the path for `{name}`. */
  readonly param: (name: string) => string;
  readonly body: Body;
  /** By the names of `Route.query`. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly page: Page | undefined;
  /** undefined: the question came without a token. */
  readonly caller: Caller | undefined;
  readonly options: ChangeOptions;
  /** WHATWG HTML §9.2; undefined when it was not sent. */
  readonly lastEventId: string | undefined;
  /** Aborted when the service ends. */
  readonly signal: AbortSignal;
  /** False once the caller's token is revoked: what goes on for long asks again. */
  readonly isStillAllowed: () => boolean;
}

/** Who asks: the name of a token, or `socket`. */
export interface Caller {
  readonly name: string;
  readonly scope: TokenScope;
  /** Of the token, if it has an end. */
  readonly expiresAtMs?: number | undefined;
}

export type Reply =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly etag?: string | undefined;
      readonly location?: string | undefined;
      /** Kept from the first time. */
      readonly isRepeated?: true;
      /** Where the next page begins. */
      readonly next?: string | undefined;
    }
  | {
      readonly kind: 'list';
      /** None of them changes any more: the JSON of each is kept beside it. */
      readonly items: readonly object[];
      readonly etag: string | undefined;
      /** Where the next page begins. */
      readonly next: string | undefined;
    }
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly mediaType: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'stream'; readonly send: (response: Response) => Promise<void> };

/** Lets the compiler see the body's type inside of `run`, and forgets it for the table. */
export function route<Body>(entry: Route<Body>): Route {
  // The router has checked the body against `entry.body.schema` before it calls `run`.
  return entry as unknown as Route;
}

export function json(
  body: unknown,
  more: Partial<Pick<Extract<Reply, { kind: 'json' }>, 'status' | 'etag' | 'location' | 'next'>> = {},
): Reply {
  return { kind: 'json', status: 200, body, ...more };
}
