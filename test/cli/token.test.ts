/** Tokens on the command line: without a service in the database, with --server over HTTP. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { tokenActions } from '../../src/cli/wire-up-api-tokens.ts';
import { openDatabase } from '../../src/host/database/open.ts';
import { emptySite, type TestSite } from '../support/command-line.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

describe('without a service', () => {
  test('a token is made, listed without itself, and revoked', async () => {
    const { run } = await emptySite();

    expect(await run('token', 'create', 'ci', '--scope', 'operate')).toEqual({
      code: 0,
      out: expect.stringMatching(/^pi_[A-Za-z0-9_-]{43}\n$/),
      err: expect.stringMatching(/^token ci with the scope operate, until 20[-\d: ]+ UTC; it is not shown again:\n$/),
    });
    expect(await run('token', 'list')).toMatchObject({
      out: expect.stringMatching(/^ci +operate +\ds ago +in 90d +never$/m),
    });
    expect((await run('token', 'list', '-o', 'json')).out).not.toMatch(/pi_|sha/);
    expect(await run('token', 'revoke', 'ci')).toMatchObject({
      code: 0,
      out: 'token ci with the scope operate is revoked\n',
    });
    expect(await run('token', 'list', '-o', 'name')).toMatchObject({ out: '' });
  });

  test('a token goes into a file that only its owner reads', async () => {
    const { run, dir } = await emptySite();
    const file = path.join(dir, 'ci.token');
    const { out, err } = await run('token', 'create', 'ci', '--out', file);

    expect(out).toMatch(/^token ci with the scope read, until 20[-\d: ]+ UTC, is in \//);
    expect(out).toContain(`is in ${file}\n`);
    expect(out + err).not.toContain('pi_');
    expect(await readFile(file, 'utf8')).toMatch(/^pi_.{43}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['30d', 'in 30d'],
    ['12h', 'in 12h'],
    ['45m', 'in 45m'],
    ['never', 'never'],
  ])('one that is made for %s is listed with its end: %s', async (expires, listed) => {
    const { run } = await emptySite();
    await run('token', 'create', 'ci', '--expires', expires);

    expect((await run('token', 'list')).out).toMatch(new RegExp(`^ci +read +\\ds ago +${listed} +never$`, 'm'));
  });

  test('one that has expired stays in the list, and gives its name to a new one', async () => {
    const { run, dir } = await emptySite();
    const old = await openDatabase(path.join(dir, 'state'));
    await old.tokens.create('ci', 'admin', { expiresAtMs: Date.now() - 3 * 86_400_000 });
    await old.close();

    expect((await run('token', 'list')).out).toMatch(/^ci +admin +\ds ago +has expired 3d ago +never$/m);
    expect(await run('token', 'create', 'ci', '--expires', '1d')).toMatchObject({ code: 0 });
    expect(JSON.parse((await run('token', 'list', '-o', 'json')).out)).toMatchObject([{ name: 'ci', scope: 'read' }]);
  });

  test('a token that nobody got is not valid', async () => {
    const { run, dir, write } = await emptySite();
    await write('file', '');

    expect(await run('token', 'create', 'ci', '--out', `${dir}/file/ci.token`)).toMatchObject({ code: 1 });
    expect(await run('token', 'list', '-o', 'name')).toMatchObject({ out: '' });
  });

  test('a dry run makes none and revokes none', async () => {
    const { run } = await emptySite();
    await run('token', 'create', 'kept');

    expect(await run('token', 'create', 'ci', '--dry-run')).toMatchObject({ out: 'dry run: nothing was changed\n' });
    expect(await run('token', 'revoke', 'kept', '--dry-run')).toMatchObject({
      out: 'token kept with the scope read would be revoked\n',
    });
    expect(await run('token', 'list', '-o', 'name')).toMatchObject({ out: 'kept\n' });
  });

  test.each<[string, string[], number, string]>([
    ['a name that is taken', ['create', 'kept'], 1, 'there is a token kept already'],
    ['a name with capitals', ['create', 'CI'], 2, '"CI" is not a name of lower-case letters'],
    ['a time that is none', ['create', 'ci', '--expires', 'soon'], 2, 'how long it counts: a number and d, h or m'],
    ['a time that is over', ['create', 'ci', '--expires', '0d'], 2, 'how long it counts'],
    ['a scope that is none', ['create', 'ci', '--scope', 'write'], 2, 'Allowed choices are read, operate, admin'],
    ['nobody', ['revoke', 'kep'], 1, 'there is no token kep; did you mean kept?'],
  ])('%s is refused', async (_name, args, code, message) => {
    const { run } = await emptySite();
    await run('token', 'create', 'kept');

    expect(await run('token', ...args)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });
});

test('of two tokens of one name the second is not revoked for the first', async () => {
  const { dir } = await emptySite();
  const database = await openDatabase(path.join(dir, 'state'));
  onTestFinished(() => database.close());
  const { token, createToken, revokeToken } = tokenActions(database.tokens);
  const by = { by: 'socket', dryRun: false };
  const ci = { name: 'ci', scope: 'read', expires: 'never' } as const;
  await createToken(ci, { ...by, ifMatch: undefined });
  const first = token('ci').etag;
  await revokeToken('ci', { ...by, ifMatch: first });
  await createToken(ci, { ...by, ifMatch: undefined });

  const again = revokeToken('ci', { ...by, ifMatch: first });
  await expect(again).rejects.toThrow('token ci was changed since you read it');
  await revokeToken('ci', { ...by, ifMatch: token('ci').etag });
  expect(database.tokens.list()).toEqual([]);
});

describe('with --server', () => {
  async function remote(site: TestSite, token = 'admin') {
    const { actions, changes } = fakeApi();
    const { port } = await loopbackApi(actions);
    const file = path.join(site.dir, 'token');
    await writeFile(file, `${token}\n`);
    return { changes, options: ['--server', `http://127.0.0.1:${port}`, '--token-file', file] };
  }

  test('that service is asked, with its token', async () => {
    const site = await emptySite();
    const { options, changes } = await remote(site);

    expect(await site.run(...options, 'token', 'list', '-o', 'name')).toMatchObject({ code: 0, out: 'ci\n' });
    expect(await site.run('token', 'create', 'x', ...options)).toMatchObject({ code: 0, out: 'pi_x\n' });
    expect(changes).toMatchObject([{ action: 'createToken', sent: ['x', 'read', '90d'], options: { by: 'admin' } }]);
  });

  test('what it refuses is told as it says it', async () => {
    const site = await emptySite();
    const { options } = await remote(site, 'read');

    expect(await site.run(...options, 'token', 'list')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/needs the scope admin; the token read has read\n {2}hint: Ask for a token/),
    });
  });

  test.each<[string, string[], number, string]>([
    ['no token', ['--server', 'http://127.0.0.1:1'], 2, '--server needs --token-file'],
    ['no address', ['--server', 'plum', '--token-file', '/dev/null'], 2, '"plum" is not the address of a service'],
    [
      'a file that is not there',
      ['--server', 'http://127.0.0.1:1', '--token-file', '/none'],
      1,
      'cannot read the token',
    ],
    ['nobody there', ['--server', 'http://127.0.0.1:1', '--token-file', '/dev/null'], 1, 'did not answer'],
  ])('%s', async (_name, options, code, message) => {
    const { run } = await emptySite();

    expect(await run(...options, 'token', 'list')).toMatchObject({ code, err: expect.stringContaining(message) });
  });

  test('a command that works on files refuses it, and touches none', async () => {
    const site = await emptySite();
    const { options } = await remote(site);

    expect(await site.run(...options, 'config', 'check')).toMatchObject({
      code: 2,
      err: expect.stringContaining('does not take --server'),
    });
  });
});
