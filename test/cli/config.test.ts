/** pi-image config and init: what a person sees of a right and of a wrong site. */
import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { parseYaml, renderYaml } from '../../src/host/yaml-file.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { emptySite, sampleSite } from '../support/command-line.ts';
import { sampleCluster, sampleClusterInput, sampleNodesInput } from '../support/sample-view.ts';

const yaml = (changes: Record<string, unknown>) => renderYaml({ ...sampleClusterInput, ...changes });

describe('config check', () => {
  test('finds nothing wrong with the sample and its nodes', async () => {
    const { run, dir } = await sampleSite();

    expect(await run('config', 'check', '-f', `${dir}/nodes.yaml`)).toMatchObject({
      code: 0,
      out: 'no problems found\n',
    });
  });

  test('lists all that is wrong, with file and line', async () => {
    const { run, dir } = await sampleSite({
      'cluster.yaml': 'cluster: plum\nnetwork:\n  interface: eth0\n  adress: 10.42.0.1/24\n  pool: x\nroles: {}\n',
      'overlays/mine/overlay.yaml': 'sumary: x\n',
      'images/mine/image.yaml': 'boards: [pi9]\n',
    });

    const { code, out, err } = await run('config', 'check');

    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err.split('\n')).toEqual(
      expect.arrayContaining([
        `${dir}/cluster.yaml:4: network.adress: unknown key "adress"; did you mean address?`,
        `${dir}/cluster.yaml:5: network.pool: "x" is not a range of addresses`,
        `${dir}/overlays/mine/overlay.yaml:1: sumary: unknown key "sumary"; did you mean summary?`,
        `${dir}/images/mine/image.yaml:1: boards[0]: "pi9" is not one of: pi3, pi4, pi5, uefi`,
      ]),
    );
  });

  test('compares nodes with the cluster and with each other', async () => {
    const nodes = [...sampleNodesInput, { ...sampleNodesInput[0], name: 'copy', role: 'comptue' }];
    const { run, dir } = await sampleSite({ 'nodes.yaml': renderYaml(nodes) });

    const { code, err } = await run('config', 'check', '-f', `${dir}/nodes.yaml`);

    const file = `${dir}/nodes.yaml`;
    expect(code).toBe(1);
    expect(err).toContain(
      `${file}:30: copy.address: address 10.42.0.11 belongs to node01 already (the other one: ${file}:5)`,
    );
    expect(err).toContain(`${file}:31: copy.role: there is no role comptue; did you mean compute?`);
  });

  test('renders what nodes boot: an owner that the image lacks, a template that is wrong', async () => {
    const { run, dir } = await sampleSite({
      'cluster.yaml': yaml({
        roles: { compute: { image: 'debian-lite', overlays: ['mine'] } },
        slurm: undefined,
        shares: [],
      }),
      'nodes.yaml': renderYaml(sampleNodesInput.slice(0, 1)),
      'overlays/mine/overlay.yaml': 'summary: x\nfiles:\n  etc/x: { owner: nobdy }\n',
      'overlays/mine/files/etc/x': 'x',
    });
    const check = () => run('config', 'check', '-f', `${dir}/nodes.yaml`);

    expect((await check()).err).toMatch(/nodes\.yaml:1: node01: .*has no user nobdy; did you mean nobody\?/);
  });

  test('says what is accepted and not acted on, and what is not built', async () => {
    const { run, dir } = await sampleSite({
      'cluster.yaml': yaml({
        network: { ...sampleClusterInput.network, hold: 'pios-lite', dhcp: 'off', pool: undefined },
        roles: { a: { image: 'pios-lite' } },
        slurm: undefined,
        shares: [],
      }),
    });

    const { code, out, err } = await run('config', 'check');

    expect({ code, out }).toEqual({ code: 0, out: 'no problems found\n' });
    expect(err).toContain(`note: ${dir}/cluster.yaml:5: network.hold: `);
    expect(err).toContain('image pios-lite is not built yet');
  });

  test('gives programs the same in JSON', async () => {
    const { run } = await sampleSite({ 'cluster.yaml': yaml({ slurm: { controllerRole: 'x' } }) });

    const { code, out } = await run('config', 'check', '-o', 'json');

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ problems: [{ key: 'slurm.controllerRole', line: expect.any(Number) }] });
  });
});

describe('config show', () => {
  test.each(['yaml', 'json'])('prints %s that reads back as the same cluster', async (format) => {
    const switches = { sw1: { driver: 'command', command: ['/usr/local/sbin/poe'], timeout: '20s' } };
    const changes = { switches, power: { off: '8s' } };
    const { run } = await sampleSite({ 'cluster.yaml': yaml(changes) });

    const { code, out } = await run('config', 'show', '-o', format);

    expect(code).toBe(0);
    expect(parseYaml(out, 'shown', Cluster).value).toEqual(sampleCluster(changes));
    expect(out).toContain('10.42.0.200-10.42.0.239');
  });
});

describe('without a cluster.yaml', () => {
  test('a command says how to get one', async () => {
    const { run, dir } = await emptySite();

    expect(await run('node', 'list')).toEqual({
      code: 1,
      out: '',
      err: `pi-image: there is no ${dir}/cluster.yaml\n  hint: Write one with "pi-image init", or name it with --config FILE.\n`,
    });
  });
});

test('init never overwrites', async () => {
  const { run, write } = await emptySite();
  const file = await write('cluster.yaml', 'mine');

  const { code, err } = await run('init');

  expect(code).toBe(1);
  expect(err).toContain(`${file} exists already`);
  expect(await readFile(file, 'utf8')).toBe('mine');
});
