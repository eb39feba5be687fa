/** The document: a linter of others finds nothing, and it says of every schema and parameter what it is. */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';

import { apiRoutes } from '../../src/api/routes/all.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

async function servedDocument(): Promise<string> {
  const { ask } = await loopbackApi(fakeApi().actions, { version: '1.2.3' });
  return (await ask('/api/v1/openapi.json')).text;
}

async function lint(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${location[0]?.pointer}: ${message}`);
}

test('a linter finds no error in it', async () => {
  expect(await lint(await servedDocument())).toEqual([]);
});

test.each([
  ['an example that its schema refuses', '"dryRun":false', '"dryRun":"no"'],
  ['a reference that leads nowhere', '#/components/schemas/Plan"', '#/components/schemas/Plans"'],
  ['two operations of one name', '"operationId":"getRole"', '"operationId":"listRoles"'],
])('the linter would find %s', async (_name, right, wrong) => {
  const source = await servedDocument();

  expect(source).toContain(right);
  expect((await lint(source.replace(right, wrong))).length).toBeGreaterThan(0);
});

test('it is of this version, and answers without a token', async () => {
  expect(JSON.parse(await servedDocument())).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
});

test('every change can be tried, needs more than to read, and every single resource can be guarded', () => {
  const routes = apiRoutes('0.1.0');
  const changes = routes.filter(({ method }) => method !== 'get');

  expect(changes.every(({ isChange, scope }) => isChange === true && (scope === 'operate' || scope === 'admin'))).toBe(
    true,
  );
  // They begin something, or have no tag of their own to be compared with.
  expect(changes.filter(({ isGuarded }) => isGuarded !== true).map(({ id }) => id)).toEqual([
    'addNode',
    'assignRole',
    'holdOperations',
    'releaseOperations',
    'startRollout',
    'rollBackNodes',
    'rotateSecret',
    'switchPower',
    'shutdownNode',
    'buildImage',
    'blinkBoard',
    'adoptBoard',
    'createToken',
  ]);
});
