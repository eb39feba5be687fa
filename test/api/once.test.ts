/** Idempotency-Key: what is repeated is done once. */
import { expect, test } from 'vitest';

import type { ApiActions } from '../../src/api/actions.ts';
import { onlyOnce } from '../../src/api/once.ts';
import { RefusedError } from '../../src/model/errors.ts';
import { answersInMemory } from '../support/answer-memory.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi, type Answered } from '../support/loopback-api.ts';

const body = { name: 'ci', scope: 'read' };

async function keyedApi(own: Partial<ApiActions> = {}) {
  const { actions, changes } = fakeApi(own);
  const { ask } = await loopbackApi(actions);
  const post = (path: string, key: string, sent: unknown, as = 'admin'): Promise<Answered> =>
    ask(`/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(sent),
    });
  return { post, ask, changes };
}

test('a repeat is answered as the first time, and changes nothing', async () => {
  const { post, changes } = await keyedApi();
  const node = { name: 'node02', serial: '9ffefdef', board: 'pi4', address: '10.42.0.12', role: 'compute' };

  const first = await post('/nodes', 'k1', node);
  const again = await post('/nodes', 'k1', node);

  expect(first.status).toBe(201);
  expect(again).toMatchObject({ status: 201, json: first.json });
  expect([again.headers.etag, again.headers.location]).toEqual([first.headers.etag, first.headers.location]);
  expect([first, again].map(({ headers }) => headers['idempotent-replayed'])).toEqual([undefined, 'true']);
  expect(changes.length).toBe(1);
});

test('a token is in the first answer only', async () => {
  const { post } = await keyedApi();

  const first = await post('/tokens', 'k1', body);
  const again = await post('/tokens', 'k1', body);

  expect(first.json).toEqual({ ...body, dryRun: false, token: 'pi_x' });
  expect(again.json).toEqual({ ...body, dryRun: false });
});

test.each<[string, string, string, unknown, string?]>([
  ['another body', '/tokens', 'k1', { ...body, scope: 'admin' }],
  ['another place', '/nodes/node01:reboot', 'k1', body],
])('the same key with %s is refused', async (_name, path, key, sent) => {
  const { post, changes } = await keyedApi();
  await post('/tokens', 'k1', body);

  const { status, json } = await post(path, key, sent);

  expect(status).toBe(422);
  expect(json).toMatchObject({ title: 'this Idempotency-Key was sent with another request' });
  expect(changes.length).toBe(1);
});

test('keys of two callers have nothing to do with each other', async () => {
  const { post, changes } = await keyedApi();

  await post('/nodes/node01:reboot', 'k1', undefined, 'admin');
  const { headers } = await post('/nodes/node01:reboot', 'k1', undefined, 'operate');

  expect(headers['idempotent-replayed']).toBeUndefined();
  expect(changes.map(({ options }) => options.by)).toEqual(['admin', 'operate']);
});

test('of eight at the same time one is carried out, and all have its answer', async () => {
  let open = () => {};
  const held = new Promise<void>((resolve) => (open = resolve));
  let made = 0;
  const { post } = await keyedApi({
    createToken: async ({ name, scope }, { dryRun }) => {
      made += 1;
      await held;
      return { name, scope, dryRun, token: `pi_${made}` };
    },
  });

  const asked = Array.from({ length: 8 }, () => post('/tokens', 'k1', body));
  open();
  const answers = await Promise.all(asked);

  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
  expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length).toBe(1);
  expect(made).toBe(1);
});

test('what was refused may be tried again under its key', async () => {
  let isRefused = true;
  const { post } = await keyedApi({
    createToken: ({ name, scope }, { dryRun }) =>
      isRefused ? Promise.reject(new RefusedError('not now')) : Promise.resolve({ name, scope, dryRun }),
  });

  expect((await post('/tokens', 'k1', body)).status).toBe(409);
  isRefused = false;
  expect((await post('/tokens', 'k1', body)).status).toBe(201);
});

test('a request that a killed service has begun is not carried out again', async () => {
  const memory = answersInMemory();
  const request = { key: 'k', request: 'r' };
  await memory.begin(request);
  let count = 0;
  const work = () => Promise.resolve((count += 1));

  await expect(
    onlyOnce(memory)({ request, work, keep: (reply) => ({ status: 200, body: reply }) }),
  ).rejects.toMatchObject({ name: 'RefusedError', hint: expect.stringContaining('Look whether') });
  expect(count).toBe(0);
});

test('a dry run takes no key', async () => {
  const { post, changes } = await keyedApi();

  await post('/tokens?dryRun=true', 'k1', body);
  const { status, headers } = await post('/tokens', 'k1', body);

  expect([status, headers['idempotent-replayed']]).toEqual([201, undefined]);
  expect(changes.map(({ options }) => options.dryRun)).toEqual([true, false]);
});

test.each([
  ['k'.repeat(256), 400],
  ['k'.repeat(255), 201],
  ['"a uuid in quotes"', 201],
])('the key %s is answered %i', async (key, status) => {
  const { post } = await keyedApi();

  expect((await post('/tokens', key, body)).status).toBe(status);
});
