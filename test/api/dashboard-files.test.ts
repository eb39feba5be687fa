import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

const built = {
  'main-ABCD1234.js': 'export {};\n',
  'style-ABCD1234.css': ':root{}\n',
  'icon-ABCD1234.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
};

async function served(files: Readonly<Record<string, string>> = built) {
  const dir = await mkdtemp(path.join(tmpdir(), 'dashboard-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await mkdir(path.join(dir, 'dashboard'));
  await writeFile(path.join(dir, 'secret.js'), 'not for you');
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, 'dashboard', name), text);
  return loopbackApi(fakeApi().actions, { dashboardDir: path.join(dir, 'dashboard') });
}

test('the page names the files of the build, and runs nothing else', async () => {
  const { ask } = await served();
  const { status, headers, text } = await ask('/');

  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  for (const name of Object.keys(built)) expect(text).toContain(`"/dashboard/${name}"`);
  const policy = String(headers['content-security-policy']);
  expect(policy).toMatch(/^default-src 'none'; /);
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  // What the policy would stop is not there to be stopped.
  expect(text).not.toMatch(/<script>|style=| on\w+=|https?:/);
});

describe('a file', () => {
  test.each([
    ['main-ABCD1234.js', 'text/javascript; charset=utf-8'],
    ['style-ABCD1234.css', 'text/css; charset=utf-8'],
    ['icon-ABCD1234.svg', 'image/svg+xml'],
  ] as const)('%s is %s, and never changes under its name', async (name, type) => {
    const { ask } = await served();
    const { status, headers, text } = await ask(`/dashboard/${name}`);

    expect(status).toBe(200);
    expect(text).toBe(built[name]);
    expect(headers['content-type']).toBe(type);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  test.each(['/', '/dashboard/main-ABCD1234.js'])('%s that the browser has is not sent again', async (file) => {
    const { ask } = await served();
    const { headers } = await ask(file);
    const again = await ask(file, { headers: { 'if-none-match': String(headers.etag) } });

    expect(again).toMatchObject({ status: 304, text: '' });
    expect(await ask(file, { headers: { 'if-none-match': '"another"' } })).toMatchObject({ status: 200 });
  });

  test('is asked for by HEAD without being sent', async () => {
    const { ask } = await served();

    expect(await ask('/dashboard/main-ABCD1234.js', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });
});

test.each([
  '/dashboard/../secret.js',
  '/dashboard/..%2fsecret.js',
  '/dashboard/%2e%2e/secret.js',
  '/dashboard//etc/passwd',
  '/dashboard/main-ABCD1234.js/',
  '/dashboard/main-ABCD1234.js%00',
  '/dashboard/toString',
  '/dashboard/other.js',
  '/dashboard/',
  '/dashboard/style-ABCD1234.css/../main-ABCD1234.js',
])('%s is nothing', async (file) => {
  const { ask } = await served({ ...built, 'other.js': 'not of the build' });
  const { status, text } = await ask(file);

  expect(status).toBe(404);
  expect(text).not.toContain('not');
});

test('a clone that was not built says so, and has its API', async () => {
  const { ask } = await served({});

  expect(await ask('/')).toMatchObject({ status: 200, text: expect.stringContaining('npm run build') as string });
  expect(await ask('/api/v1/openapi.json')).toMatchObject({ status: 200 });
});

test('a page of another name cannot ask for it', async () => {
  const { ask } = await served();

  expect(await ask('/', { headers: { host: 'evil.example' } })).toMatchObject({ status: 421 });
});
