/** The OpenAPI document as a test reads it: every operation with every answer that it promises. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

import { openApiDocument } from '../../src/api/openapi.ts';
import type { Route } from '../../src/api/route.ts';
import type { Sent } from './loopback-api.ts';

export interface Document {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly responses: Readonly<Record<string, Answer>> };
}

type PathItem = { readonly parameters?: readonly Parameter[] } & Readonly<Record<string, Operation>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly example?: string;
}

export interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example: unknown }>> };
  readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>>;
}

interface Answer {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

/** One answer that the document promises. */
export interface Promised {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly operation: Operation;
  readonly answer: Answer;
  readonly isProblem: boolean;
}

export function readDocument(routes: readonly Route[]): Document {
  // As a client gets it.
  return JSON.parse(JSON.stringify(openApiDocument(routes, '0.1.0'))) as Document;
}

export function promisedAnswers(document: Document): Promised[] {
  return Object.entries(document.paths).flatMap(([path, { parameters = [], ...operations }]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      Object.entries(operation.responses).map(([status, answer]) => ({
        method: method.toUpperCase(),
        path: fillPath(path, parameters),
        status: Number(status),
        operation,
        answer: '$ref' in answer ? resolve(document, answer.$ref) : answer,
        isProblem: '$ref' in answer,
      })),
    ),
  );
}

function fillPath(path: string, parameters: readonly Parameter[]): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return encodeURIComponent(parameters.find((parameter) => parameter.name === name)?.example ?? '');
  });
}

function resolve({ components }: Document, ref: string): Answer {
  const answer = components.responses[ref.split('/').at(-1) ?? ''];
  if (answer === undefined) throw new Error(`${ref} leads nowhere`);
  return answer;
}

/** The request of the document's own example. */
export function exampleRequest({ method, operation }: Promised, headers: Sent['headers']): Sent {
  const [body] = Object.values(operation.requestBody?.content ?? {});
  // Where events are followed there is something to read at once.
  const all = { 'last-event-id': '0', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
  return { method, headers: all, ...(body !== undefined && { body: JSON.stringify(body.example) }) };
}

/** @returns what checks an answer's body against the document */
export function answerValidators(document: Document): (answer: Answer) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { ipv4: true, uri: true, base64: true } });
  ajv.addSchema({ $id: 'https://pi-image.test/openapi.json', ...document });
  return ({ content }) => {
    const [{ schema } = { schema: {} }] = Object.values(content);
    const text = JSON.stringify(schema).replaceAll('"#/', '"https://pi-image.test/openapi.json#/');
    return ajv.compile(JSON.parse(text) as object);
  };
}
