/** What a request says, checked strictly: an unknown key is refused with the nearest one that is known. */
import type { Request } from 'express';
import { z } from 'zod';

import { checkShape } from '../model/check-shape.ts';
import { HttpError } from './http-error.ts';
import type { Page } from '../model/node-query.ts';
import { placeProblems, ProblemsError, type Place } from '../model/problem.ts';
import { pageIn, pageParameters } from './page.ts';
import type { Route } from './route.ts';

export const mergePatchType = 'application/merge-patch+json';

export interface Query {
  readonly dryRun: boolean;
  readonly page: Page | undefined;
  /** By the names of `Route.query`. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** A word that is meant as true and not understood must not carry out the change. */
const dryRun = z.enum(['true', 'false']).optional();

/** @returns what reads the query of each request. Made once: schemas are compiled. */
export function queryReader({ isChange = false, isPaged = false, query = [] }: Route): (request: Request) => Query {
  const parameters = [...query, ...(isPaged ? pageParameters : [])];
  const repeatable = parameters.filter(({ isRepeatable }) => isRepeatable === true).map(({ name }) => name);
  const shapes = parameters.map(({ name, schema, isRepeatable }) => {
    return [name, (isRepeatable === true ? z.array(schema) : schema).optional()] as const;
  });
  const shape: Record<string, z.ZodType> = { ...(isChange && { dryRun }), ...Object.fromEntries(shapes) };
  const schema = z.strictObject(shape);
  return (request) => {
    const sent: Record<string, unknown> = { ...request.query };
    for (const name of repeatable) if (sent[name] !== undefined) sent[name] = [sent[name]].flat();
    const values: Record<string, unknown> = check(schema, sent, 'query');
    return { dryRun: values['dryRun'] === 'true', page: isPaged ? pageIn(values) : undefined, values };
  };
}

export function readBody({ body }: Route, request: Request): unknown {
  if (body === undefined) return undefined;
  const sent = request.headers['content-type'];
  const types = ['application/json', ...(body.isMergePatch === true ? [mergePatchType] : [])];
  if (sent !== undefined && request.is(types) === false) {
    throw new HttpError(415, `${sent} is not read here`, { hint: `Send the header "content-type: ${types[0]}".` });
  }
  return check(body.schema, request.body, 'body');
}

function check<S extends z.ZodType>(schema: S, input: unknown, source: string): z.output<S> {
  const shaped = checkShape(schema, input);
  if (shaped.kind === 'valid') return shaped.value;
  throw new ProblemsError(placeProblems(shaped.problems, placeIn(input, source)));
}

/** `body: node03.mac`, or `body: 2.mac` where the third of a list has no name. */
function placeIn(input: unknown, source: string): Place {
  return ([first, ...rest]) => {
    const entry = Array.isArray(input) && typeof first === 'number' ? (input[first] as unknown) : undefined;
    const name = (entry as { name?: unknown } | null | undefined)?.name;
    const keys = [typeof name === 'string' ? name : first, ...rest];
    return { file: source, line: undefined, key: keys.filter((key) => key !== undefined).join('.') };
  };
}
