/** Every route answers as the document says: each status that it names is provoked, and its body checked against its schema. */
import { describe, expect, test } from 'vitest';

import type { ApiActions } from '../../src/api/actions.ts';
import type { Route } from '../../src/api/route.ts';
import { apiRoutes } from '../../src/api/routes/all.ts';
import { Problem } from '../../src/api/schemas/problem.ts';
import { ChangedError, NotFoundError, RefusedError } from '../../src/model/errors.ts';
import {
  answerValidators,
  exampleRequest,
  promisedAnswers,
  readDocument,
  type Promised,
} from '../support/api-document.ts';
import { fakeApi, fakeTag } from '../support/fake-actions.ts';
import { loopbackApi, type Answered, type Sent } from '../support/loopback-api.ts';

const routes = apiRoutes('0.1.0');
const document = readDocument(routes);
const promised = promisedAnswers(document);
const validatorOf = answerValidators(document);

/** What brings the answer about, beside a request that is right. */
interface Provocation {
  readonly actions?: ApiActions;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: string;
  /** Wrong tokens that came before. */
  readonly wrongBefore?: number;
  /** A POST with the same headers that came before. */
  readonly keyBefore?: string;
}

const provocations: Readonly<Record<number, Provocation>> = {
  400: { query: '?dryrun=true' },
  401: { headers: { authorization: 'Bearer wrong' } },
  403: { headers: { authorization: 'Bearer read' } },
  404: { actions: failing(new NotFoundError('there is no such thing')) },
  409: { actions: failing(new RefusedError('not now', { hint: 'Later.' })) },
  412: { actions: failing(new ChangedError('node01', fakeTag)) },
  413: { body: JSON.stringify('x'.repeat(5_000_000)) },
  415: { headers: { 'content-type': 'text/plain' }, body: 'x' },
  421: { headers: { host: 'evil.example' } },
  422: { headers: { 'idempotency-key': 'one' }, keyBefore: '/tokens' },
  429: { headers: { authorization: 'Bearer wrong' }, wrongBefore: 10 },
  500: { actions: failing(new TypeError('secret detail of a bug')) },
  503: { actions: fakeApi({ health: () => ({ status: 'red', parts: [] }) }).actions },
};

/** Of another name than the example's. */
const otherToken = ({ headers }: Sent): Sent => ({
  method: 'POST',
  headers: { ...headers, 'content-type': 'application/json' },
  body: JSON.stringify({ name: 'other', scope: 'read' }),
});

test('the table is served whole', () => {
  const inDocument = new Set(promised.map(({ operation }) => operation.operationId));

  expect([...inDocument].toSorted()).toEqual(routes.map(({ id }) => id).toSorted());
  expect(promised.length).toBeGreaterThan(150);
});

describe.each(routes.map((route) => [route.id, route] as const))('%s', (id, route) => {
  test.each(
    promised.filter(({ operation }) => operation.operationId === id).map((each) => [each.status, each] as const),
  )('answers %i', async (status, wanted) => {
    const answered = await provoke(wanted);

    expect({ status: answered.status, begin: answered.text.slice(0, 300) }).toMatchObject({ status });
    expect(answered.headers['content-type']).toContain(Object.keys(wanted.answer.content)[0]);
    // Where there is another page.
    const headers = Object.keys(wanted.answer.headers ?? {}).filter((header) => header !== 'Link');
    expect(headers.filter((header) => answered.headers[header.toLowerCase()] === undefined)).toEqual([]);
    expect(answered.text).not.toContain('secret detail');
    requireSchema(wanted, answered, route);
  });
});

async function provoke(wanted: Promised): Promise<Answered> {
  const { actions, headers, body, query, wrongBefore = 0, keyBefore } = provocations[wanted.status] ?? {};
  const api = await loopbackApi(actions ?? fakeApi().actions);
  const example = exampleRequest(wanted, { authorization: 'Bearer admin', ...headers });
  const sent: Sent = body === undefined ? example : { ...example, body };
  const url = `/api/v1${wanted.path}${query ?? queryFor(wanted)}`;
  for (let count = 0; count < wrongBefore; count += 1) await api.ask(url, sent);
  if (keyBefore !== undefined) await api.ask(`/api/v1${keyBefore}`, otherToken(sent));
  return api.ask(url, sent);
}

/** A change that has an answer of its own answers 200 to dry runs. */
function queryFor({ status, operation }: Promised): string {
  const canBeTried = operation.parameters?.some(({ name }) => name === 'dryRun') === true;
  return status === 200 && canBeTried ? '?dryRun=true' : '';
}

function requireSchema({ answer, isProblem }: Promised, answered: Answered, route: Route): void {
  const isJson = answered.headers['content-type']?.includes('json') === true;
  const body = isJson ? answered.json : answered.text;
  const validate = validatorOf(answer);
  validate(body);
  expect(validate.errors ?? []).toEqual([]);
  // A later version may tell more than the document says; this one does not.
  const own = isProblem ? Problem : route.answers[answered.status]?.schema;
  expect(own?.safeParse(body).error?.issues ?? []).toEqual([]);
}

/** Who asks is known; everything else fails. */
function failing(error: Error): ApiActions {
  const { authenticate, audit } = fakeApi().actions;
  const failingAudit = { append: audit.append, list: refuse };
  return new Proxy({ authenticate, audit: failingAudit } as unknown as ApiActions, {
    get: (known, name) => {
      if (name === 'authenticate' || name === 'audit') return known[name];
      if (name === 'events') return { lastId: refuse, after: refuse, subscribe: refuse };
      return refuse;
    },
  });

  function refuse(): never {
    throw error;
  }
}
