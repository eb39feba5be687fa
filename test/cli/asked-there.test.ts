/** Verbs that ask the service of --server: who asks, its overlays, its images. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Plan } from '../../src/api/schemas/boot.ts';
import type { NodeExplanation } from '../../src/plan/explain-node.ts';
import { sampleSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';

async function served() {
  const site = await sampleSite();
  await site.run('apply', '-f', path.join(site.dir, 'nodes.yaml'));
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

test('what a node boots is told there, by its name and by its MAC address', async () => {
  const { here, there } = await served();
  const { out } = await there('node', 'explain', 'node01');

  expect(out).toMatch(
    /^node: +node01\n[^]*^image: +debian-lite 20261121\.1\nroot: +shared\nboot: +tftp\ngeneration: +[0-9a-f]{64}$/m,
  );
  expect(out).toContain('pi_image.token=(hidden) ');
  expect(out).toMatch(/^ {2}0644 +0:0 +\/etc\/hostname$/m);
  const plan = JSON.parse((await there('node', 'explain', '2C-CF-67-01-02-03', '-o', 'json')).out) as Plan;
  const own = JSON.parse((await here('node', 'explain', 'node01', '-o', 'json')).out) as NodeExplanation;
  expect([plan.node, plan.generation.id]).toEqual(['node01', own.generation]);
  expect((await there('node', 'explain', '02:00:00:00:00:01')).out).toBe(
    '02:00:00:00:00:01 is the MAC address of no node\n',
  );
  expect((await there('node', 'explain', 'node09')).err).toContain('there is no node node09');
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
