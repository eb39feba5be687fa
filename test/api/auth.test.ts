/** Who may do what: every route with every scope, and what comes without a token or with a wrong one. */
import { describe, expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { tokenScopes } from '../../src/model/api-token.ts';
import { exampleRequest, promisedAnswers, readDocument } from '../support/api-document.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi, type Sent } from '../support/loopback-api.ts';

const routes = apiRoutes('0.1.0');
const promised = promisedAnswers(readDocument(routes));

/** Written out: a scope that changes by mistake is to be seen here. */
const needs: Readonly<Record<string, string>> = {
  listNodes: 'read',
  getNode: 'read',
  getNodePlan: 'read',
  listNodeBoots: 'read',
  getNodeOverlay: 'read',
  checkNodeOverlay: 'operate',
  getNodeDiagnosis: 'read',
  getNodeEeprom: 'read',
  listEeproms: 'read',
  setNodeEeprom: 'admin',
  getDiagnosis: 'read',
  listOverlays: 'read',
  getOverlay: 'read',
  listRoles: 'read',
  getRole: 'read',
  listUnknownBoards: 'read',
  getService: 'read',
  listLeases: 'read',
  listImages: 'read',
  followEvents: 'read',
  setNodeRole: 'operate',
  setRoles: 'operate',
  assignRole: 'operate',
  listOperations: 'read',
  getOperation: 'read',
  holdOperations: 'operate',
  releaseOperations: 'operate',
  cancelOperation: 'operate',
  resumeOperation: 'operate',
  rotateSecret: 'admin',
  startRollout: 'operate',
  listRollouts: 'read',
  getRollout: 'read',
  pauseRollout: 'operate',
  resumeRollout: 'operate',
  abortRollout: 'operate',
  rollBackNodes: 'operate',
  getNodeHistory: 'read',
  getRoleHistory: 'read',
  watchCluster: 'read',
  setRoleImage: 'operate',
  setNodeImage: 'operate',
  pinImage: 'operate',
  buildImage: 'operate',
  getImage: 'read',
  rebootNode: 'operate',
  shutdownNode: 'operate',
  switchNodePower: 'operate',
  switchPower: 'operate',
  listPower: 'operate',
  listPowerRuns: 'read',
  discoverPower: 'operate',
  getPowerOrder: 'read',
  applyNodes: 'admin',
  addNode: 'admin',
  changeNode: 'admin',
  removeNode: 'admin',
  adoptBoard: 'admin',
  blinkBoard: 'operate',
  listTokens: 'admin',
  getToken: 'admin',
  createToken: 'admin',
  revokeToken: 'admin',
  whoami: 'read',
  listAudit: 'admin',
  getMetrics: 'read',
  listTargets: 'read',
  getHealth: 'none',
  getDocument: 'none',
  getDocsPage: 'none',
};

const callers = ['nobody', ...tokenScopes];

test('the table names every route', () => {
  expect(Object.keys(needs).toSorted()).toEqual(routes.map(({ id }) => id).toSorted());
});

/** How a route that needs this scope answers this caller. */
function wantedStatus(scope: string, caller: string): 'answered' | 401 | 403 {
  if (scope === 'none' || callers.indexOf(caller) >= callers.indexOf(scope)) return 'answered';
  return caller === 'nobody' ? 401 : 403;
}

describe.each(Object.entries(needs))('%s needs %s', (id, scope) => {
  const target = promised.find(({ operation }) => operation.operationId === id);
  if (target === undefined) throw new Error(`${id} is not in the document`);

  test.each(callers)('asked by %s', async (caller) => {
    const { actions, changes } = fakeApi();
    const { ask } = await loopbackApi(actions);
    const headers: Sent['headers'] = caller === 'nobody' ? {} : { authorization: `Bearer ${caller}` };

    const { status } = await ask(`/api/v1${target.path}`, exampleRequest(target, headers));

    expect(status < 300 ? 'answered' : status).toBe(wantedStatus(scope, caller));
    expect(changes.length > 0).toBe(status < 300 && target.method !== 'GET');
  });
});

test.each([
  ['no bearer token', 'Basic YTpi', 401],
  ['an empty token', 'Bearer ', 401],
  ['a token of nobody', 'Bearer pi_nobody', 401],
  ['two words', 'Bearer read admin', 401],
  ['another spelling of Bearer', 'bearer read', 200],
])('Authorization with %s', async (_name, authorization, wanted) => {
  const { ask } = await loopbackApi(fakeApi().actions);

  const { status, headers } = await ask('/api/v1/nodes', { headers: { authorization } });

  expect(status).toBe(wanted);
  expect(headers['www-authenticate'] !== undefined).toBe(wanted === 401);
});

describe('a token that has expired', () => {
  const endMs = Date.parse('2026-11-22T02:00:00Z');
  const { actions } = fakeApi({
    authenticate: () => ({ name: 'ci', scope: 'operate', expiresAtMs: endMs }),
  });
  const headers = { authorization: 'Bearer pi_x' };

  test.each([
    [endMs - 1, 200],
    [endMs, 401],
    [endMs + 86_400_000, 401],
  ])('asked at %i: %i', async (nowMs, wanted) => {
    const { ask } = await loopbackApi(actions, { now: () => nowMs });

    expect((await ask('/api/v1/nodes', { headers })).status).toBe(wanted);
  });

  test('is told so, with what to do, however often it comes, and fills no log', async () => {
    const { ask, warnings } = await loopbackApi(actions, { now: () => endMs });

    for (let count = 0; count < 20; count += 1) await ask('/api/v1/nodes', { headers });
    const answer = await ask('/api/v1/nodes', { headers });

    expect(answer).toMatchObject({
      status: 401,
      json: {
        title: 'the token ci has expired on 2026-11-22 02:00 UTC',
        detail: expect.stringContaining('"pi-image token create ci --scope operate"'),
      },
    });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(warnings).toEqual(Array.from({ length: 10 }, () => 'api.refused'));
  });
});

describe('whoami', () => {
  test('says what a token may, and until when', async () => {
    const caller = { name: 'ci', scope: 'operate' as const, expiresAtMs: 2_000_000_000_000 };
    const { ask } = await loopbackApi(fakeApi({ authenticate: () => caller }).actions);

    expect((await ask('/api/v1/whoami', { headers: { authorization: 'Bearer pi_x' } })).json).toEqual({
      ...caller,
      scopes: ['read', 'operate'],
    });
  });

  test('of one without an end says none', async () => {
    const { ask } = await loopbackApi(fakeApi().actions);

    expect((await ask('/api/v1/whoami', { headers: { authorization: 'Bearer admin' } })).json).toEqual({
      name: 'admin',
      scope: 'admin',
      scopes: ['read', 'operate', 'admin'],
    });
  });
});

test('a wrong token is refused where none is needed, too', async () => {
  const { ask } = await loopbackApi(fakeApi().actions);

  expect((await ask('/api/v1/healthz', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
});

test.each([
  ['/healthz', {}, { status: 'ok' }],
  ['/api/v1/healthz', {}, { status: 'ok' }],
  ['/healthz', { authorization: 'Bearer read' }, { status: 'ok', parts: [expect.anything()] }],
])('%s with %o says %o', async (path, headers, body) => {
  const { ask } = await loopbackApi(fakeApi().actions);

  expect((await ask(path, { headers })).json).toEqual(body);
});

describe('wrong tokens', () => {
  test('are answered with a wait after ten, and those who are right are not held up', async () => {
    let nowMs = 0;
    const { ask, warnings } = await loopbackApi(fakeApi().actions, { now: () => nowMs });
    const attempt = async (token: string) => {
      const { status, headers } = await ask('/api/v1/nodes', { headers: { authorization: `Bearer ${token}` } });
      return [status, headers['retry-after']];
    };

    const first = [];
    for (let count = 0; count < 11; count += 1) first.push(await attempt('wrong'));
    const right = await attempt('read');
    nowMs = 6000;
    const later = [await attempt('wrong'), await attempt('wrong')];

    expect(first.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => [401, undefined]));
    expect(first[10]).toEqual([429, '6']);
    expect(right).toEqual([200, undefined]);
    expect(later).toEqual([
      [401, undefined],
      [429, '6'],
    ]);
    expect(warnings).toEqual(Array.from({ length: 11 }, () => 'api.refused'));
  });
});

test.each([
  ['127.0.0.1:8443', 200],
  ['localhost', 200],
  ['LOCALHOST:9000', 200],
  ['[::1]:8443', 200],
  ['evil.example', 421],
  ['127.0.0.1.evil.example:8443', 421],
  ['localhost.evil.example', 421],
  ['10.42.0.1:8443', 421],
])('a question to the host %s is answered %i', async (host, status) => {
  const { ask } = await loopbackApi(fakeApi().actions);

  expect((await ask('/api/v1/openapi.json', { headers: { host } })).status).toBe(status);
});
