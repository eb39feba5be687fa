/** Pages of lists: `?limit=N`, then the Link that each page brings (RFC 8288), until there is none. */
import { z } from 'zod';

import { ConfigError } from '../model/errors.ts';
import type { Page, Paged } from '../model/node-query.ts';
import { json, type Call, type QueryParameter, type Reply } from './route.ts';

const mostPerPage = 1000;

const Limit = z
  .string()
  .regex(/^\d{1,4}$/, 'a number')
  .transform(Number)
  .pipe(z.int().min(1).max(mostPerPage));

export const pageParameters: readonly QueryParameter[] = [
  {
    name: 'limit',
    description: 'Answer so many at most, and in the header `Link` where the next page is. All unless given.',
    schema: Limit,
    json: { type: 'integer', minimum: 1, maximum: mostPerPage },
  },
  {
    name: 'after',
    description: 'Of the `Link` of the page before.',
    schema: z.string().max(300),
    json: { type: 'string', maxLength: 300 },
  },
];

/** @throws ConfigError for `after` without `limit` */
export function pageIn(query: Readonly<Record<string, unknown>>): Page | undefined {
  const { limit, after } = query as { limit?: number; after?: string };
  if (limit !== undefined) return { limit, after };
  if (after === undefined) return undefined;
  throw new ConfigError('query: after: goes with limit only', {
    hint: 'Take the address in the header Link as it is.',
  });
}

/** @param keyOf what tells one from the others, and stays */
export function listed<T>({ page }: Call, all: readonly T[], keyOf: (item: T) => string): Reply {
  const { items, next } = page === undefined ? { items: all, next: undefined } : pageOf(all, page, keyOf);
  return json(items, { next });
}

function pageOf<T>(all: readonly T[], { limit, after }: Page, keyOf: (item: T) => string): Paged<T> {
  const at = after === undefined ? -1 : all.findIndex((item) => keyOf(item) === after);
  if (after !== undefined && at === -1) {
    throw new ConfigError(`query: after: "${after}" is not in the list any more`, {
      hint: 'Begin with the first page.',
    });
  }
  const items = all.slice(at + 1, at + 1 + limit);
  const last = items.at(-1);
  const isMore = at + 1 + limit < all.length;
  return { items, next: isMore && last !== undefined ? keyOf(last) : undefined };
}

/** @param address as it was asked for */
export function linkToNext(address: string, next: string): string {
  const url = new URL(address, 'http://service');
  url.searchParams.set('after', next);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
