/** What can go wrong with a route, as the document tells it. Most follows from what kind of route it is. */
import { schemaRef, type JsonSchema } from './json-schema.ts';
import { takesKey } from './once.ts';
import type { Route } from './route.ts';
import { Problem } from './schemas/problem.ts';

interface ProblemAnswer {
  readonly name: string;
  readonly summary: string;
  readonly example: Omit<Problem, 'status'>;
  readonly headers?: JsonSchema;
  readonly applies: (route: Route) => boolean;
}

const text = (description: string) => ({ description, schema: { type: 'string' } });
const isNamed = ({ problems = [] }: Route, status: number) => problems.includes(status);

const answers: Readonly<Record<number, ProblemAnswer>> = {
  400: {
    name: 'BadRequest',
    summary: 'What was sent is wrong',
    example: {
      title: 'body: adress: unknown key "adress"; did you mean address?',
      detail: 'Write address instead of adress.',
      problems: ['body: adress: unknown key "adress"; did you mean address?'],
    },
    applies: () => true,
  },
  401: {
    name: 'Unauthorized',
    summary: 'A token is needed, or this one is not known or has expired',
    example: { title: 'a token is needed here', detail: 'Send the header "Authorization: Bearer TOKEN".' },
    headers: { 'WWW-Authenticate': text('RFC 6750 §3.') },
    applies: () => true,
  },
  403: {
    name: 'Forbidden',
    summary: 'The scope of the token does not reach',
    example: { title: 'this needs the scope operate; the token dashboard has read' },
    headers: { 'WWW-Authenticate': text('RFC 6750 §3; names the scope that is needed.') },
    applies: ({ scope }) => scope !== 'none' && scope !== 'read',
  },
  404: {
    name: 'NotFound',
    summary: 'The path names something that does not exist',
    example: { title: 'there is no node node1; did you mean node01?' },
    applies: (route) => route.path.includes('{') || isNamed(route, 404),
  },
  409: {
    name: 'Conflict',
    summary: 'Not possible with things as they are',
    example: {
      title: 'node02 cannot become controller: node01 is the Slurm controller',
      detail: 'Give node01 another role first.',
    },
    applies: (route) => isNamed(route, 409) || takesKey(route),
  },
  412: {
    name: 'PreconditionFailed',
    summary: 'If-Match is not the ETag of the resource as it is now',
    example: {
      title: 'node01 was changed since you read it',
      detail: 'Read it again, and repeat the change if you still want it.',
      etag: '"9f86d081884c7d659a2feaa0c55ad015"',
    },
    headers: { ETag: text('Version of the resource as it is now.') },
    applies: ({ isGuarded = false }) => isGuarded,
  },
  413: {
    name: 'ContentTooLarge',
    summary: 'The body has more than 4 MB',
    example: { title: 'request entity too large' },
    applies: ({ body }) => body !== undefined,
  },
  415: {
    name: 'UnsupportedMediaType',
    summary: 'The body is not sent as JSON',
    example: {
      title: 'application/x-www-form-urlencoded is not read here',
      detail: 'Send the header "content-type: application/json".',
    },
    applies: ({ body }) => body !== undefined,
  },
  421: {
    name: 'MisdirectedRequest',
    summary: 'The Host header names another server',
    example: { title: '"evil.example" is not a name of this server' },
    applies: () => true,
  },
  422: {
    name: 'UnprocessableContent',
    summary: 'The Idempotency-Key was sent with another request',
    example: {
      title: 'this Idempotency-Key was sent with another request',
      detail: 'Take a new key for each request; repeat one with the same method, address and body only.',
    },
    applies: takesKey,
  },
  429: {
    name: 'TooManyRequests',
    summary: 'Too many requests, wrong tokens, or streams of events',
    example: {
      title: 'too many wrong tokens came from this address',
      detail: 'Wait 6 s, and look who asks so often.',
    },
    headers: { 'Retry-After': text('Seconds to wait.') },
    applies: () => true,
  },
  500: {
    name: 'InternalServerError',
    summary: 'The service could not do it: a disk that is full, or a bug',
    example: { title: 'internal error; see the log of pi-image' },
    applies: ({ id }) => !withoutService.has(id),
  },
};

/** Answered from what is known already. */
const withoutService: ReadonlySet<string> = new Set(['getDocument', 'getDocsPage', 'whoami']);

const entries = Object.entries(answers).map(([status, answer]) => Object.assign({ status: Number(status) }, answer));

/** components.responses */
export function problemAnswers(): JsonSchema {
  return Object.fromEntries(
    entries.map(({ status, name, summary, example, headers }) => [
      name,
      {
        description: summary,
        ...(headers !== undefined && { headers }),
        content: {
          'application/problem+json': { schema: schemaRef(Problem), example: { status, ...example } },
        },
      },
    ]),
  );
}

export function problemsOf(route: Route): { readonly status: number; readonly ref: JsonSchema }[] {
  const here = entries.filter(({ applies }) => applies(route));
  return here.map(({ status, name }) => ({ status, ref: { $ref: `#/components/responses/${name}` } }));
}
