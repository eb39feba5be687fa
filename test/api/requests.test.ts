/** What a request says is read strictly, and handed on as it was meant. */
import { describe, expect, test } from 'vitest';

import { fakeApi, fakeTag } from '../support/fake-actions.ts';
import { loopbackApi, type Sent } from '../support/loopback-api.ts';

const node = { name: 'node01', serial: '9ffefdef', board: 'pi4', address: '10.42.0.11', role: 'compute' };

async function send(method: string, path: string, body?: unknown, headers: Sent['headers'] = {}) {
  const { actions, changes } = fakeApi();
  const { ask } = await loopbackApi(actions);
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  const answered = await ask(`/api/v1${path}`, {
    method,
    headers: { authorization: 'Bearer admin', 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: content }),
  });
  return { ...answered, changes };
}

describe('a body is refused with what is wrong', () => {
  test.each<[string, string, string, unknown, string, string?]>([
    [
      'an unknown key',
      'POST',
      '/nodes',
      { ...node, adress: 'x' },
      'body: adress: unknown key "adress"; did you mean address?',
      'Write address instead of adress.',
    ],
    ['a missing key', 'PUT', '/nodes/node01/role', {}, 'body: role: is missing; a text is wanted here'],
    [
      'a wrong type',
      'PUT',
      '/nodes/node01/role',
      { role: 'a', reboot: 'yes' },
      'body: reboot: true or false is wanted',
    ],
    [
      'no reboot of a node that is drained',
      'PUT',
      '/nodes/node01/role',
      { role: 'login', drain: 'wait', reboot: false },
      'body: reboot: false does not go with "drain": "wait", which reboots the node',
      'Leave out reboot; or leave out drain, and the node has the role after its next boot.',
    ],
    [
      'what belongs to an operation without one',
      'PUT',
      '/nodes/node01/role',
      { role: 'login', retry: true },
      'body: retry: true goes with drain only',
      'Send drain, too, for example "drain": "wait".',
    ],
    [
      'an address that is none',
      'POST',
      '/nodes',
      { ...node, address: '10.42' },
      'body: address: "10.42" is not an IPv4',
    ],
    ['no body', 'POST', '/tokens', undefined, '2 things are wrong with what was sent'],
    ['null', 'POST', '/tokens', 'null', 'body: has no value; a block of keys is wanted here'],
    ['a list of a list', 'PUT', '/nodes', [node, [node]], 'body: 1: a block of keys is wanted here, not a list'],
    ['the second of a list', 'PUT', '/nodes', [node, { ...node, name: 'n2', mac: 'x' }], 'body: n2.mac: "x" is not'],
    ['a name in a patch', 'PATCH', '/nodes/node01', { name: 'node02' }, 'body: name: unknown key "name"'],
    ['a role in a patch', 'PATCH', '/nodes/node01', { role: 'login' }, 'body: role: unknown key "role"'],
    ['text that is no JSON', 'POST', '/nodes', '{"name": ', 'the body is not JSON: '],
    [
      'a scope that is none',
      'POST',
      '/tokens',
      { name: 'ci', scope: 'write' },
      'body: scope: "write" is not one of: read',
    ],
  ])('%s', async (_name, method, path, body, title, detail) => {
    const { status, json, changes } = await send(method, path, body);

    expect(status).toBe(400);
    expect(json).toMatchObject({ status: 400, title: expect.stringContaining(title) });
    if (detail !== undefined) expect(json).toMatchObject({ detail, problems: [title] });
    expect(changes).toEqual([]);
  });

  test('everything at once', async () => {
    const { json } = await send('POST', '/nodes', { ...node, board: 'pi9', address: 'x', serail: '' });

    expect(json).toMatchObject({
      title: '3 things are wrong with what was sent',
      problems: [
        expect.stringContaining('body: board: "pi9"'),
        expect.stringContaining('body: address: "x"'),
        expect.stringContaining('body: serail: unknown key'),
      ],
    });
  });
});

describe('a query that is not understood changes nothing', () => {
  test.each([
    ['?dryRun', 'dryRun: "" is not one of: true, false'],
    ['?dryRun=yes', 'dryRun: "yes" is not one of: true, false'],
    ['?dryRun=true&dryRun=true', 'dryRun: '],
    ['?dryrun=true', 'unknown key "dryrun"; did you mean dryRun?'],
    ['?force=true', 'unknown key "force"'],
  ])('%s', async (query, message) => {
    const { status, json, changes } = await send('DELETE', `/nodes/node01${query}`);

    expect(status).toBe(400);
    expect(json).toMatchObject({ title: expect.stringContaining(message) });
    expect(changes).toEqual([]);
  });

  test('a question takes none', async () => {
    expect((await send('GET', '/nodes?dryRun=true')).status).toBe(400);
  });
});

test.each([
  ['DELETE', '/nodes/node01', {}, { dryRun: false, ifMatch: undefined }],
  ['DELETE', '/nodes/node01?dryRun=false', {}, { dryRun: false, ifMatch: undefined }],
  ['DELETE', '/nodes/node01?dryRun=true', {}, { dryRun: true, ifMatch: undefined }],
  ['DELETE', '/nodes/node01', { 'if-match': fakeTag }, { dryRun: false, ifMatch: fakeTag }],
  ['DELETE', '/tokens/ci', { 'if-match': fakeTag }, { dryRun: false, ifMatch: fakeTag }],
  ['POST', '/operations:hold', { 'if-match': fakeTag }, { dryRun: false, ifMatch: undefined }],
])('%s %s with %o is asked for as %o', async (method, path, headers, options) => {
  const { changes } = await send(method, path, undefined, headers);

  expect(changes).toEqual([
    { action: expect.any(String), sent: expect.anything(), options: { by: 'admin', ...options } },
  ]);
});

test.each([
  [{ role: 'login', reboot: true }, 200, undefined],
  [{ role: 'login', drain: 'wait' }, 202, '/api/v1/operations/12'],
  [
    { role: 'login', drain: 'force', drainDeadlineSeconds: 60, retry: true, reboot: true },
    202,
    '/api/v1/operations/12',
  ],
])('a role as %o is answered %i', async (wanted, status, location) => {
  const answered = await send('PUT', '/nodes/node01/role', wanted);

  expect([answered.status, answered.headers.location]).toEqual([status, location]);
  expect(answered.changes[0]?.sent).toEqual(['node01', wanted]);
});

test('a tag that is another by now is a conflict that names the new one', async () => {
  const { status, headers, json, changes } = await send('DELETE', '/nodes/node01', undefined, { 'if-match': '"old"' });

  expect(status).toBe(412);
  expect(headers.etag).toBe(fakeTag);
  expect(json).toEqual({
    status: 412,
    title: 'node01 was changed since you read it',
    detail: 'Read it again, and repeat the change if you still want it.',
    etag: fakeTag,
  });
  expect(changes).toEqual([]);
});

test('identifiers are read as people write them', async () => {
  const { changes } = await send('POST', '/unknown-boards/2C-CF-67-0A-0B-0C:adopt', {
    name: 'node03',
    role: 'compute',
    address: '10.42.0.13',
  });

  expect(changes[0]?.sent).toEqual(['2c:cf:67:0a:0b:0c', { name: 'node03', role: 'compute', address: '10.42.0.13' }]);
});

test.each([
  ['application/json', 200],
  ['application/json; charset=utf-8', 200],
  ['application/merge-patch+json', 200],
  ['application/x-www-form-urlencoded', 415],
  ['text/plain', 415],
])('a patch as %s is answered %i', async (type, status) => {
  expect((await send('PATCH', '/nodes/node01', { address: '10.42.0.12' }, { 'content-type': type })).status).toBe(
    status,
  );
});

test.each([
  ['POST', '/nodes/node01', 405, 'GET, PATCH, DELETE'],
  ['DELETE', '/nodes', 405, 'GET, PUT, POST'],
  ['GET', '/nodes/node01/role', 405, 'PUT'],
  ['GET', '/nothing', 404, undefined],
  ['GET', '/nodes/node01/role/x', 404, undefined],
  ['GET', '/nodes/%zz', 400, undefined],
  ['GET', '/nodes/node01:reboot', 404, undefined],
])('%s %s is answered %i', async (method, path, status, allow) => {
  const { status: got, headers, changes } = await send(method, path);

  expect(got).toBe(status);
  expect(headers['content-type']).toContain('application/problem+json');
  expect(headers.allow).toBe(allow);
  expect(changes).toEqual([]);
});

test('answers are not stored on the way, and not taken for anything but JSON', async () => {
  const { headers } = await send('GET', '/nodes');

  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(headers['x-powered-by']).toBeUndefined();
});

test('a tag that matches does not hide a status that changed', async () => {
  expect((await send('GET', '/nodes/node01', undefined, { 'if-none-match': fakeTag })).status).toBe(200);
});

test('HEAD of the events is answered at once', async () => {
  expect(await send('HEAD', '/events')).toMatchObject({ status: 200, text: '' });
});
