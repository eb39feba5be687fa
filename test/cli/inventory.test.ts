/** pi-image inventory: without a service, and over the API of one. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { sampleSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';

async function appliedSite() {
  const site = await sampleSite();
  await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  return site;
}

test('--list and --host are what Ansible asks', async () => {
  const { run } = await appliedSite();
  const { out } = await run('inventory', '--list');
  const list = JSON.parse(out) as Record<string, object>;
  const one = JSON.parse((await run('inventory', '--host', 'node01')).out) as object;

  expect(list).toMatchObject({ role_compute: { hosts: ['node01', 'node02'] }, role_controller: { hosts: ['head'] } });
  expect((await run('inventory')).out).toBe(out);
  expect(list['_meta']).toMatchObject({ hostvars: { node01: one } });
  expect(one).toMatchObject({ ansible_host: '10.42.0.11' });
});

test.each([
  [['--host', 'node99'], 1, 'there is no node node99'],
  [['--host', 'node01', '--list'], 2, 'cannot be used with'],
  [['--list', '-o', 'genders'], 2, "--list is Ansible's question"],
  [['--host', 'node01', '-o', 'genders'], 2, "--host is Ansible's question"],
  [['-o', 'xml'], 2, 'Allowed choices are ansible'],
])('inventory %j ends with %i', async (args, code, err) => {
  expect(await (await appliedSite()).run('inventory', ...args)).toMatchObject({
    code,
    err: expect.stringContaining(err),
  });
});

test('some nodes only', async () => {
  const { run } = await appliedSite();

  expect((await run('inventory', '-o', 'genders', '@compute', 'login')).out.match(/^\w+ /gm)).toEqual([
    'login ',
    'node01 ',
    'node02 ',
  ]);
});

test('over the API it is the same, but for the keys, which stay on the storage node', async () => {
  const { run, dir } = await appliedSite();
  const here = await run('inventory');
  const { url, tokens } = await serveSite(dir);
  const { secret } = await tokens.create('look', 'read');
  await writeFile(path.join(dir, 'token'), `pi_${secret}\n`);
  const there = (...args: string[]) =>
    run('--server', url, '--token-file', path.join(dir, 'token'), 'inventory', ...args);

  expect(JSON.parse((await there()).out)).toEqual(JSON.parse(here.out));
  const config = await there('-o', 'ssh-config');
  expect(config.out).toContain('HostKeyAlias node01');
  expect(config.out).not.toContain('IdentityFile');
  expect(await there('-o', 'known-hosts')).toMatchObject({
    code: 2,
    err: expect.stringContaining('does not take --server'),
  });
});
