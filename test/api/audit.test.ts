/** Who changed what: every change and every attempt at one, and nothing else. */
import { expect, test } from 'vitest';

import type { AuditEntry } from '../../src/model/audit.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi, type Sent } from '../support/loopback-api.ts';

async function auditedApi() {
  const { actions } = fakeApi();
  const api = await loopbackApi(actions);
  const send = (as: string, method: string, path: string, body?: unknown, headers: Sent['headers'] = {}) =>
    api.ask(`/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return { actions, send, entries: () => actions.audit.list({ limit: 1000 }) };
}

test('a change stands there with who, from where, what and the result', async () => {
  const { send, entries } = await auditedApi();
  await send('operate', 'PUT', '/nodes/node01/role', { role: 'login' });

  expect(await entries()).toEqual([
    {
      id: 1,
      atMs: expect.any(Number),
      by: 'operate',
      from: '127.0.0.1',
      action: 'setNodeRole',
      request: 'PUT /api/v1/nodes/node01/role',
      body: '{"role":"login"}',
      status: 200,
    },
  ]);
});

test.each<[string, [string, string, string, unknown?, Sent['headers']?], Partial<AuditEntry> | undefined]>([
  ['a scope that does not reach', ['read', 'DELETE', '/nodes/node01'], { by: 'read', status: 403 }],
  ['a body that is wrong', ['admin', 'POST', '/tokens', { name: 'x' }], { status: 400 }],
  [
    'a tag that is another by now',
    ['admin', 'DELETE', '/nodes/node01', undefined, { 'if-match': '"old"' }],
    { status: 412, reason: 'node01 was changed since you read it' },
  ],
  ['a node that is none', ['admin', 'POST', '/nodes/nope:shutdown'], { status: 404, reason: 'there is no nope' }],
  ['a dry run', ['admin', 'DELETE', '/nodes/node01?dryRun=true'], undefined],
  ['a dry run that is refused', ['read', 'DELETE', '/nodes/node01?dryRun=true'], undefined],
  ['a question', ['admin', 'GET', '/nodes'], undefined],
  ['a token that nobody has', ['nobody', 'DELETE', '/nodes/node01'], undefined],
])('%s', async (_what, sent, wanted) => {
  const { send, entries } = await auditedApi();
  await send(...sent);

  expect(await entries()).toEqual(wanted === undefined ? [] : [expect.objectContaining(wanted)]);
});

test('what is repeated under its key was done once', async () => {
  const { send, entries } = await auditedApi();
  for (let count = 0; count < 3; count += 1) {
    await send('admin', 'POST', '/tokens', { name: 'ci', scope: 'read' }, { 'idempotency-key': 'k' });
  }

  expect((await entries()).length).toBe(1);
});

test('no answer is in it, so no token is; a long body is cut', async () => {
  const { send, entries } = await auditedApi();
  await send('admin', 'POST', '/tokens', { name: 'ci', scope: 'read' });
  await send('admin', 'PUT', '/nodes/node01/eeprom', { image: 'A'.repeat(100_000) });

  const [eeprom, token] = await entries();
  expect(JSON.stringify(token)).not.toContain('pi_x');
  expect(eeprom?.body?.length).toBeLessThan(400);
});

test('who is refused again and again pushes nothing out', async () => {
  const { send, entries } = await auditedApi();
  for (let count = 0; count < 120; count += 1) await send('read', 'DELETE', '/nodes/node01');

  expect((await entries()).length).toBeLessThan(110);
});

test('it is read newest first, by who, and in pages', async () => {
  const { send } = await auditedApi();
  for (const as of ['admin', 'operate', 'admin', 'admin']) await send(as, 'POST', '/nodes/node01:reboot');

  const { json, headers } = await send('admin', 'GET', '/audit?limit=2&by=admin');
  expect((json as AuditEntry[]).map(({ id }) => id)).toEqual([4, 3]);
  expect(headers['link']).toBe('</api/v1/audit?limit=2&by=admin&after=3>; rel="next"');
  const next = await send('admin', 'GET', '/audit?limit=2&by=admin&after=3');
  expect([(next.json as AuditEntry[]).map(({ id }) => id), next.headers['link']]).toEqual([[1], undefined]);
  expect((await send('admin', 'GET', '/audit?limit=2&after=x')).status).toBe(400);
});
