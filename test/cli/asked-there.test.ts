/** Verbs that ask the service of --server: who asks, its overlays, its images. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';

async function served() {
  const site = await sampleSite();
  const { url, tokens } = await serveSite(site.dir);
  const { secret } = await tokens.create('look', 'operate', { expiresAtMs: Date.parse('2199-01-02T03:04:05Z') });
  await writeFile(path.join(site.dir, 'token'), `pi_${secret}\n`);
  const there = (...args: string[]) => site.run('--server', url, '--token-file', path.join(site.dir, 'token'), ...args);
  return { here: site.run, there };
}

describe('whoami', () => {
  test('is the token, and its end', async () => {
    const { there } = await served();

    expect((await there('whoami')).out).toMatch(
      /^name: +look\nscopes: +read, operate\nuntil: +2199-01-02 03:04 UTC\n$/,
    );
    expect((await there('whoami', '-o', 'name')).out).toBe('look\n');
    expect(JSON.parse((await there('whoami', '-o', 'json')).out)).toEqual({
      name: 'look',
      scope: 'operate',
      scopes: ['read', 'operate'],
      expiresAtMs: Date.parse('2199-01-02T03:04:05Z'),
    });
  });

  test('over the socket may everything, without an end', async () => {
    const { here } = await served();

    expect((await here('whoami')).out).toMatch(/^name: +socket\nscopes: +read, operate, admin\nuntil: +no end\n$/);
  });

  test('without a service is nobody', async () => {
    const { run } = await sampleSite();

    expect(await run('whoami')).toMatchObject({ code: 1, err: expect.stringContaining('no service runs here') });
  });
});

test('overlays are the same here and there', async () => {
  const { here, there } = await served();

  expect((await here('overlay', 'list')).out).toMatch(/^base +\d+ +\S*compute/m);
  expect((await there('overlay', 'list')).out).toBe((await here('overlay', 'list')).out);
  const [own, asked] = await Promise.all([here, there].map((run) => run('overlay', 'show', 'base', '-o', 'json')));
  expect(JSON.parse(asked?.out ?? '')).toEqual(JSON.parse(own?.out ?? ''));
  expect((await there('overlay', 'show', 'bas')).err).toContain('there is no overlay bas; did you mean base?');
  expect((await there('overlay', 'show', 'node01', '/etc/hosts')).err).toContain('does not take --server');
});

test('versions of images are listed and shown there', async () => {
  const { there } = await served();

  expect((await there('image', 'list', '-o', 'name')).out).toBe('debian-lite@20261121.1\n');
  expect((await there('image', 'list')).out).toMatch(/^debian-lite +20261121\.1 /m);
  expect(await there('image', 'list', 'debian-lit')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no version of the image debian-lit\n.*Did you mean debian-lite\?/s) as string,
  });
  const shown = JSON.parse((await there('image', 'show', 'debian-lite', '-o', 'json')).out) as object;
  expect(shown).toMatchObject({ name: 'debian-lite', version: '20261121.1', packages: expect.any(Number) });
  expect(JSON.parse((await there('image', 'show', 'debian-lite@20261121.1', '--all', '-o', 'json')).out)).toMatchObject(
    {
      packages: expect.any(Array),
    },
  );
  expect((await there('image', 'show', 'debian-lite@1')).err).toContain('there is no version debian-lite@1');
  expect((await there('image', 'show', 'other')).err).toContain('there is no version of the image other');
});
