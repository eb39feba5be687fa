/** pi-image apply, node, role and overlay on a site without a running service, and apply through one. */
import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import { tokenSlot } from '../../src/model/generation.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite } from '../support/serve-site.ts';
import { sampleNodesInput } from '../support/sample-view.ts';

const [node01, head, node02, login] = sampleNodesInput;

async function appliedSite(): Promise<TestSite> {
  const site = await sampleSite();
  const { code, err } = await site.run('apply', '-f', `${site.dir}/nodes.yaml`);
  if (code !== 0) throw new Error(err);
  return site;
}

describe('apply', () => {
  test('tells what it adds, and does it', async () => {
    const { run, dir } = await sampleSite();

    expect(await run('apply', '-f', `${dir}/nodes.yaml`)).toEqual({
      code: 0,
      out: [
        '+ node01  compute pi5 10.42.0.11',
        '+ head  controller pi4 10.42.0.10',
        '+ node02  compute uefi 10.42.0.12',
        '+ login  login pi3 10.42.0.20',
        'applied 4 nodes; no service runs, so they wait in the state\n',
      ].join('\n'),
      err: '',
    });
    expect((await run('node', 'list', '-o', 'name')).out).toBe('head\nlogin\nnode01\nnode02\n');
  });

  test('does nothing where nothing changes, and nothing in a dry run', async () => {
    const { run, dir, write } = await appliedSite();

    expect((await run('apply', '-f', `${dir}/nodes.yaml`)).out).toBe('nothing to change: 4 nodes\n');
    const changed = await write(
      'n.yaml',
      renderYaml([head, { ...node02, role: 'login', vars: { cpus: 2 } }, node01, login]),
    );
    expect((await run('apply', '-f', changed, '--dry-run')).out).toBe(
      '~ node02  role: compute -> login, vars.cpus: 1 -> 2, vars.memoryMib: 900 -> -\ndry run: nothing was changed\n',
    );
    expect((await run('node', 'show', 'node02', '-o', 'json')).out).toContain('"role": "compute"');
  });

  test('tells programs what the service answers, and nothing else', async () => {
    const { run, dir, write } = await appliedSite();
    const apply = async (...args: string[]) => (await run('apply', '-f', ...args)).out;
    const fewer = await write('n.yaml', renderYaml([head, node01, login]));
    const changes = [{ kind: 'removed', node: 'node02', fields: [] }];

    expect(JSON.parse(await apply(`${dir}/nodes.yaml`, '-o', 'json'))).toEqual([{ dryRun: false, changes: [] }]);
    expect(JSON.parse(await apply(fewer, '--dry-run', '-o', 'json'))).toEqual([{ dryRun: true, changes }]);
    expect(await run('apply', '-f', fewer, '-o', 'json')).toMatchObject({ code: 1, out: '' });
    expect(JSON.parse(await apply(fewer, '--yes', '-o', 'json'))).toEqual([{ dryRun: false, changes }]);
    expect(await apply(`${dir}/nodes.yaml`, '-o', 'name')).toBe('node02\n');
  });

  test('removes nobody without --yes', async () => {
    const { run, write } = await appliedSite();
    const fewer = await write('n.yaml', renderYaml([head]));

    const refused = await run('apply', '-f', fewer);
    expect(refused).toMatchObject({ code: 1, out: '- node01\n- node02\n- login\n' });
    expect(refused.err).toContain('login,node[01-02] would be removed');
    expect((await run('node', 'list', '-o', 'name')).out.split('\n')).toHaveLength(5);

    expect((await run('apply', '-f', fewer, '--yes')).code).toBe(0);
    expect((await run('node', 'list', '-o', 'name')).out).toBe('head\n');
  });

  test('applies nothing of a list that has a problem', async () => {
    const { run, write } = await sampleSite();
    const file = await write('n.yaml', renderYaml([node01, { ...head, address: '10.42.0.210' }]));

    const { code, err } = await run('apply', '-f', file);

    expect(code).toBe(1);
    expect(err).toContain(`${file}:11: head.address: 10.42.0.210 lies in the pool of unknown boards`);
    expect((await run('node', 'list', '-o', 'json')).out).toBe('[]\n');
  });

  test('hands the nodes to the service that runs, with an event for each', async () => {
    const { run, dir } = await sampleSite();
    const { state, events } = await serveSite(dir);

    const { code, out } = await run('apply', '-f', `${dir}/nodes.yaml`);

    expect(code).toBe(0);
    expect(out).toMatch(/applied 4 nodes\n$/);
    expect(state.current().nodes).toHaveLength(4);
    expect((await events.after(0, 100)).map(({ kind, node }) => `${kind} ${node ?? ''}`)).toEqual([
      'node.added node01',
      'node.added head',
      'node.added node02',
      'node.added login',
    ]);
  });

  test('overwrites nothing that was changed after it was shown', async () => {
    const { run, dir } = await appliedSite();
    const { state } = await serveSite(dir);
    const { update } = state;
    // Somebody else is faster than every apply.
    Object.assign(state, {
      update: async (...args: Parameters<typeof update>) => {
        await update((before) => ({
          ...before,
          nodes: before.nodes.map((node) => Object.assign({}, node, { vars: { a: 1 } })),
        }));
        return update(...args);
      },
    });
    const fewer = renderYaml([head, node01, node02]);

    const { code, err } = await run('apply', '-f', await (await sampleSite()).write('n.yaml', fewer), '--yes');

    expect(code).toBe(1);
    expect(err).toContain('was changed since you read it');
    expect(state.current().nodes).toHaveLength(4);
  });
});

describe('node', () => {
  test('list is an aligned table in the order people count', async () => {
    const { run } = await appliedSite();

    expect((await run('node', 'list', '@compute', 'head')).out).toBe(
      [
        'NAME    ROLE        BOARD  ADDRESS     SERIAL    MAC',
        'head    controller  pi4    10.42.0.10  10000001  dc:a6:32:00:00:01',
        'node01  compute     pi5    10.42.0.11  9ffefdef  2c:cf:67:01:02:03',
        'node02  compute     uefi   10.42.0.12  -         52:54:00:42:00:12\n',
      ].join('\n'),
    );
  });

  test('list says how to begin when there is none', async () => {
    const { run } = await sampleSite();

    expect((await run('node', 'list')).out).toContain('pi-image apply -f nodes.yaml');
  });

  test.each([
    [['nod01'], 'there is no node nod01; did you mean node01?'],
    [['node[01-03]'], 'there is no node node03; did you mean node01?'],
    [['@computer'], 'no node has the role computer; did you mean compute?'],
  ])('list %j is refused', async (selectors, message) => {
    const { run } = await appliedSite();

    const { code, err } = await run('node', 'list', ...selectors);

    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  test('export gives back what was applied', async () => {
    const { run, write } = await appliedSite();
    const file = await write('exported.yaml', (await run('node', 'export')).out);

    expect((await run('apply', '-f', file)).out).toBe('nothing to change: 4 nodes\n');
  });

  test('explain shows all that the node gets, and no token', async () => {
    const { run } = await appliedSite();

    const { code, out } = await run('node', 'explain', 'node01');

    expect(code).toBe(0);
    expect(out).toMatch(/^image: +debian-lite 20261121\.1, kernel 7\.2\.12\+deb13-arm64$/m);
    expect(out).toMatch(/^ {2}config\.txt +\d+ B$/m);
    expect(out).toMatch(/^ {2}bcm2712-rpi-cm5-cm5io\.dtb +- +.*not/m);
    expect(out).toMatch(/pi_image\.token=\(hidden\)/);
    expect(out).toMatch(/^ {2}0400 +munge:munge +- +slurm-node +live +\/etc\/munge\/munge\.key \(secret mungeKey\)$/m);
    expect(out).toMatch(/^ {2}\/shares\/home +\/home +read-write$/m);
    expect(out).not.toContain(tokenSlot);
  });

  test('explain finds a board by its MAC address, in any spelling', async () => {
    const { run } = await appliedSite();

    expect((await run('node', 'explain', '2C-CF-67-01-02-03')).out).toMatch(/^node: +node01$/m);
    expect((await run('node', 'explain', '2c:cf:67:ff:ff:ff')).out).toContain('is the MAC address of no node');
    expect(await run('node', 'explain', '2c:cf:67:ff:ff:fg')).toMatchObject({ code: 1 });
  });

  test('explain says why a node cannot boot, after what is known of it', async () => {
    const { run, write } = await appliedSite();
    await write('state/exports/images/debian-lite/20261121.1/manifest.json', '{');
    const broken = await run('node', 'explain', 'node01');

    expect(broken.code).toBe(1);
    expect(broken.err).toContain('there is no version of the image debian-lite');
  });
});

describe('role and overlay', () => {
  test('role list names the nodes of each role', async () => {
    const { run } = await appliedSite();

    expect((await run('role', 'list')).out).toMatch(
      /^compute +debian-lite +shared +base,ssh,slurm-node,slurm-compute +node\[01-02\]$/m,
    );
    expect((await run('role', 'show', 'compute')).out).toContain('deadline: 5m');
    expect((await run('role', 'show', 'computer')).err).toContain('did you mean compute?');
  });

  test('role diff lays two roles of one node beside each other', async () => {
    const { run } = await appliedSite();

    const { out, err, code } = await run('role', 'diff', 'compute', 'login');

    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(out).toMatch(/^roles: +compute -> login$/m);
    expect(out).toMatch(/^node: +node01$/m);
    expect(out).toMatch(/^overlays: .*-slurm-compute.* \+login/m);
    expect(out).toContain('--- /etc/slurm/slurm.conf\n+++ /etc/slurm/slurm.conf\n');
    expect((await run('role', 'diff', 'login', 'login', '-o', 'json')).out).toMatch(/"changed": \[\]/);
    expect((await run('role', 'diff', 'compute', 'logn')).err).toContain('did you mean login?');
  });

  test('overlay list names the roles of each overlay', async () => {
    const { run } = await appliedSite();

    expect((await run('overlay', 'list')).out).toMatch(/^slurm-compute +\d+ +compute +/m);
    expect((await run('overlay', 'show', 'slurm-node', '-o', 'json')).out).toContain('"mungeKey"');
  });

  test('overlay render shows a file as the node gets it', async () => {
    const { run } = await appliedSite();

    const { out, err } = await run('overlay', 'render', 'base', '--node', 'node01', '/etc/hostname');

    expect({ out, err }).toEqual({ out: 'node01\n', err: '' });
    expect((await run('overlay', 'render', 'base', '-n', 'node01')).out).toMatch(/frozen +\/etc\/hostname$/m);
  });

  test.each([
    [['base', '-n', 'node01', 'etc/hostnam'], 'brings no file etc/hostnam to node01; did you mean etc/hostname?'],
    [['bse', '-n', 'node01'], 'there is no overlay bse; did you mean base?'],
    [['slurm-node', '-n', 'node01', 'etc/munge/munge.key'], 'is the secret mungeKey, which is not shown'],
  ])('overlay render %j is refused', async (args, message) => {
    const { run } = await appliedSite();

    const { code, out, err } = await run('overlay', 'render', ...args);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });

  test('an overlay renders before its image is built', async () => {
    const { run, write, dir } = await appliedSite();
    const yaml = (await readFile(`${dir}/cluster.yaml`, 'utf8')).replaceAll('debian-lite', 'pios-lite');
    await write('cluster.yaml', yaml);

    const { code, out, err } = await run('overlay', 'render', 'slurm-node', '-n', 'node01');

    expect(code).toBe(0);
    expect(err).toContain('image pios-lite is not built yet');
    expect(out).toContain('/etc/munge/munge.key (secret mungeKey)');
  });
});
