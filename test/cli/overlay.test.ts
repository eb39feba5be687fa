/** pi-image overlay and node diff on a site with an overlay of its own, without a service. */
import { existsSync } from 'node:fs';
import { readFile, readlink, stat } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleClusterInput } from '../support/sample-view.ts';

const compute = {
  ...sampleClusterInput.roles.compute,
  overlays: [...sampleClusterInput.roles.compute.overlays, 'mine'],
};

/** Compute nodes have an overlay that hides some files of others. */
async function appliedSite(): Promise<TestSite> {
  const site = await sampleSite({
    'cluster.yaml': renderYaml({ ...sampleClusterInput, roles: { ...sampleClusterInput.roles, compute } }),
    'overlays/mine/overlay.yaml': renderYaml({
      summary: 'mine',
      files: { 'etc/hosts': { live: true, mode: '0640', owner: 'root:adm' } },
      units: { mask: ['ssh'], enable: ['slurmd'] },
      remove: ['etc/NetworkManager/*'],
    }),
    'overlays/mine/files/etc/hosts.hbs': '{{join nodes " " "name"}}\n',
    'overlays/mine/files/etc/rack.hbs': '{{role.name}} {{cluster.name}}\n',
    'overlays/mine/files/etc/raw': Buffer.from([0xc3, 0x28]).toString('latin1'),
    'overlays/login/overlay.yaml': renderYaml({ summary: 'in the place of the one that ships' }),
    'overlays/login/files/etc/motd': 'hello\n',
  });
  const { code, err } = await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  if (code !== 0) throw new Error(err);
  return site;
}

const isRoot = process.getuid?.() === 0;

describe('overlay show', () => {
  test('prints a file as the node gets it, with all overlays of its role', async () => {
    const { run } = await appliedSite();

    expect(await run('overlay', 'show', 'node01', '/etc/hosts')).toEqual({
      code: 0,
      out: 'head login node01 node02\n',
      err: '',
    });
    expect((await run('overlay', 'show', 'login', 'etc/hosts')).out).toContain('10.42.0.11 node01');
    expect((await run('overlay', 'show', 'node01', 'etc/systemd/system/ssh.service')).out).toBe('-> /dev/null\n');
    expect((await run('overlay', 'show', 'node01', 'etc/host')).err).toContain('did you mean etc/hosts?');
  });

  test('names a secret in its place, and shows it to root alone', async () => {
    const { run, dir } = await appliedSite();

    const masked = await run('overlay', 'show', 'node01', '/etc/munge/munge.key');
    expect(masked.out).toBe('(the secret mungeKey)\n');
    expect(masked.err).toContain('root sees it with --secrets');
    expect(existsSync(`${dir}/state/secrets/cluster/mungeKey`)).toBe(false);

    const shown = await run('overlay', 'show', 'node01', '/root/.ssh/id_ed25519', '--secrets');
    if (isRoot) expect(shown.out).toContain('BEGIN OPENSSH PRIVATE KEY');
    else expect(shown.err).toContain('only root may see secrets');
  });
});

describe('overlay show with -o', () => {
  test.each([
    [
      '/etc/hosts',
      { path: 'etc/hosts', kind: 'file', mode: '0640', owner: 'root:adm', overlay: 'mine', isLive: true },
      'head login node01 node02\n',
    ],
    ['/etc/munge/munge.key', { kind: 'file', secret: 'mungeKey' }, undefined],
    ['/etc/systemd/system/ssh.service', { kind: 'link', target: '/dev/null' }, undefined],
  ])('gives %s as a value', async (path, facts, content) => {
    const { run } = await appliedSite();

    const value = JSON.parse((await run('overlay', 'show', 'node01', path, '-o', 'json')).out) as { content?: string };

    expect(value).toMatchObject(facts);
    expect(value.content).toBe(content);
  });
});

describe('an owner that the image lacks', () => {
  const site = async () => {
    const made = await appliedSite();
    const spec = renderYaml({
      summary: 'mine',
      files: { 'etc/hosts': { live: true }, 'etc/rack': { owner: 'nobody-here' } },
    });
    await made.write('overlays/mine/overlay.yaml', spec);
    return made;
  };

  test.each([
    ['show', '/etc/hosts', 0],
    ['why', '/etc/hosts', 0],
    ['show', '/etc/rack', 1],
    ['why', '/etc/rack', 1],
  ])('is told by overlay %s %s only where it is the owner: exit code %i', async (verb, path, code) => {
    const { run } = await site();

    const told = await run('overlay', verb, 'node01', path);

    expect(told.code).toBe(code);
    expect(told.err.includes('has no user nobody-here')).toBe(code === 1);
  });
});

describe('overlay render', () => {
  test.each(['json', 'yaml', 'table', 'name'])('takes no folder %s: it is a slip', async (format) => {
    const { run } = await appliedSite();

    expect(await run('overlay', 'render', 'node01', '-o', format)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`write "-o ./${format}"`) as string,
    });
    expect(existsSync(format)).toBe(false);
  });

  test('of an overlay says which flag lacks', async () => {
    const { run } = await appliedSite();

    expect(await run('overlay', 'render', 'base')).toMatchObject({
      code: 2,
      err: expect.stringContaining('pi-image overlay render base --node ') as string,
    });
  });

  test('writes the files of a node into a folder, without secrets', async () => {
    const { run, dir } = await appliedSite();

    const { code, out, err } = await run('overlay', 'render', 'node01', '-o', `${dir}/tree`);

    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('secrets are left out') });
    expect(out).toMatch(/^0640 +root:adm +\d+ B +mine +live +\/etc\/hosts$/m);
    expect(await readFile(`${dir}/tree/etc/hosts`, 'utf8')).toBe('head login node01 node02\n');
    expect((await stat(`${dir}/tree/etc/hosts`)).mode & 0o777).toBe(0o640);
    expect((await stat(`${dir}/tree`)).mode & 0o777).toBe(0o700);
    expect(await readlink(`${dir}/tree/etc/systemd/system/ssh.service`)).toBe('/dev/null');
    expect(existsSync(`${dir}/tree/etc/munge/munge.key`)).toBe(false);

    const again = await run('overlay', 'render', 'node01', '-o', `${dir}/tree`);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('tree is not empty') });
  });

  test('lists them without a folder, and wants --node for a file', async () => {
    const { run } = await appliedSite();

    expect((await run('overlay', 'render', 'node01')).out).toMatch(/\/etc\/hosts$/m);
    const usage = await run('overlay', 'render', 'node01', 'etc/hosts');
    expect(usage).toMatchObject({ code: 2, err: expect.stringContaining('pi-image overlay show node01 etc/hosts') });
  });
});

describe('overlay why', () => {
  const why = async (path: string, node = 'node01') => {
    const site = await appliedSite();
    return { ...site, ...(await site.run('overlay', 'why', node, path)) };
  };

  test('names overlay and template, for whom it is rendered, and what it hides', async () => {
    const { out, dir } = await why('/etc/hosts');

    expect(out).toContain(
      `from:        overlays/mine/files/etc/hosts.hbs (${dir}/overlays/mine/files/etc/hosts.hbs)\n`,
    );
    expect(out).toContain('content:     a template: one text for the whole cluster; it reads nodes\n');
    expect(out).toContain('kept:        live: ');
    expect(out).toContain('mode:        0640 root:adm\n');
    expect(out).toContain('hides:       overlays/base/files/etc/hosts.hbs\n');
  });

  test.each([
    ['etc/rack', 'a template: one text for all nodes of a role that have the same variables; it reads cluster, role'],
    ['etc/hostname', 'a template: a text for each node; it reads node'],
    ['etc/systemd/system/slurmd.service.d/pi-image.conf', 'copied as it is'],
    ['etc/munge/munge.key', 'the secret mungeKey'],
    ['etc/munge', 'a folder'],
    ['etc/systemd/system/ssh.service', 'from:        the overlay mine, which masks ssh\n'],
    [
      'etc/systemd/system/multi-user.target.wants/slurmd.service',
      'hides:       the overlay slurm-compute, which enables slurmd\n',
    ],
    [
      'etc/NetworkManager/conf.d/pi-image.conf',
      'from:        taken away by the overlay mine (remove: etc/NetworkManager/*)\n',
    ],
    ['etc/passwd', 'from:        the image, if it has it: no overlay of the role brings it\n'],
  ])('%s: %s', async (path, text) => {
    expect((await why(path)).out).toContain(text);
  });

  test('names a whole overlay that its namesake hides, as a value too', async () => {
    const { out, run } = await why('etc/motd', 'login');
    expect(out).toMatch(/^hides: +the overlay of the same name in .*\/overlays\/login$/m);

    const json = JSON.parse((await run('overlay', 'why', 'node01', 'etc/hosts', '-o', 'json')).out) as object;
    expect(json).toMatchObject({
      path: 'etc/hosts',
      kind: 'file',
      template: { scope: 'cluster', reads: ['nodes'] },
      hides: [{ overlay: 'base', how: 'brings' }],
    });
  });
});

test('overlay diff needs a service', async () => {
  const { run } = await appliedSite();

  expect((await run('overlay', 'diff', 'node01')).err).toContain('no service runs here');
});

describe('node diff', () => {
  test('shows what differs, and names what differs by name only', async () => {
    const { run } = await appliedSite();

    const { code, out } = await run('node', 'diff', 'node01', 'login');

    expect(code).toBe(0);
    expect(out).toMatch(
      /^nodes: +node01 -> login\nrole: +compute -> login\nboard: +pi5 -> pi3\noverlays: +-slurm-compute -mine \+login$/m,
    );
    expect(out).toMatch(/^by name only: +.*\/etc\/hostname/m);
    expect(out).toMatch(/^ {2}\+ \/etc\/motd$/m);
    expect(out).toContain('+hello\n');
    expect(out).not.toContain('~ /etc/hostname');
  });

  test('says nothing but the names of two that boot alike', async () => {
    const { run } = await appliedSite();
    const { out } = await run('node', 'diff', 'node01', 'node02', '-o', 'json');
    const diff = JSON.parse(out) as { files: object; board: object; commandLine: object; ofIdentity: string[] };

    expect(diff.files).toEqual({ added: [], changed: [], removed: [] });
    expect(diff.board).toEqual({ from: 'pi5', to: 'uefi' });
    // The last one knows the network card by its MAC address.
    const own = ['etc/hostname', 'etc/machine-id', 'etc/systemd/network/05-pi-image.network'];
    expect(diff.ofIdentity).toEqual(own);
  });
});
