/** What docs/ansible.md promises, by the programs themselves: Ansible, nodeattr, pdsh, nodeset, clush, ssh. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { pipe } from '../support/pipe-text.ts';
import { boardAddress, boardMac, ServeFixture } from '../support/serve-fixture.ts';

const site = new ServeFixture();
const at = (name: string) => path.join(site.dir, name);
const patience = () => AbortSignal.timeout(60_000);
const say = (...argv: [string, ...string[]]) => run(argv, { signal: patience(), env: { ANSIBLE_HOME: at('ansible') } });

const node = (name: string, last: number, more: object = {}) => {
  const address = `10.42.0.${last}`;
  return { name, mac: `dc:a6:32:00:01:${last}`, board: 'pi4', address, role: 'compute', ...more };
};

beforeAll(async () => {
  await site.open();
  await site.writeCluster({
    roles: {
      compute: { image: 'small', overlays: ['base', 'ssh'], vars: { slurmPartition: 'main' } },
      'k3s-agent': { image: 'small', overlays: ['base'] },
    },
  });
  await site.apply([
    { ...node('node01', 11), mac: boardMac, address: boardAddress },
    node('node02', 12, { vars: { rack: 'a', cpus: 4 } }),
    node('node03', 13, { vars: { rack: 'a' }, labels: { rack: '1', 'example.com-tier': 'fast-1.0' } }),
    node('agent', 14, { role: 'k3s-agent' }),
  ]);
  for (const [format, file] of [
    ['genders', 'genders'],
    ['clustershell', 'groups.d/pi-image.yaml'],
    ['ssh-config', 'ssh_config'],
    ['known-hosts', 'known_hosts'],
  ] as const) {
    await mkdir(path.dirname(at(file)), { recursive: true });
    await writeFile(at(file), await site.command('inventory', '-o', format));
  }
  const words = site.argv('inventory').map((word) => `'${word}'`);
  await writeFile(at('dynamic'), `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o755 });
}, 120_000);
afterAll(() => site.close(), 60_000);

test('ansible-inventory reads groups and variables', async () => {
  const graph = await say('ansible-inventory', '-i', at('dynamic'), '--graph');
  const hostOf = async (name: string) =>
    JSON.parse(await say('ansible-inventory', '-i', at('dynamic'), '--host', name)) as object;

  expect(graph).toContain('|--@rack_a:\n  |  |--node02\n  |  |--node03\n');
  expect(graph).toContain('|--@role_k3s_agent:\n  |  |--agent\n');
  expect(await hostOf('node02')).toMatchObject({
    ansible_host: '10.42.0.12',
    rack: 'a',
    cpus: 4,
    slurmPartition: 'main',
    pi_image: { name: 'node02', role: 'compute', board: 'pi4' },
  });
});

test('ansible-inventory takes groups by label, and has nothing to say against their names', async () => {
  const lines: string[] = [];
  const env = { ANSIBLE_HOME: at('ansible'), ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS: 'never' };
  const onLine = (line: string) => void lines.push(line);
  const list = await run(['ansible-inventory', '-i', at('dynamic'), '--list'], { signal: patience(), env, onLine });

  expect(lines.filter((line) => line.includes('WARNING'))).toEqual([]);
  expect(JSON.parse(list)).toMatchObject({
    label_rack_1: { hosts: ['node03'] },
    label_example_com_tier_fast_1_0: { hosts: ['node03'] },
  });
});

test('a playbook would run on the nodes of a role', async () => {
  const hosts = await say('ansible', 'role_compute:!rack_a', '-i', at('dynamic'), '--list-hosts');

  expect(hosts.trim().split(/\s+/)).toEqual(['hosts', '(1):', 'node01']);
});

describe('genders', () => {
  test.each([
    ['compute', 'node01,node02,node03'],
    ['role=k3s-agent', 'agent'],
    ['rack=a', 'node02,node03'],
    ['label_rack=1', 'node03'],
  ])('nodeattr finds %s', async (query, names) => {
    expect(await say('nodeattr', '-f', at('genders'), '-c', query)).toBe(`${names}\n`);
  });

  test('nodeattr finds no mistake in it', async () => {
    expect(await pipe(['nodeattr', '-f', at('genders'), '-k'], '')).toMatchObject({ code: 0 });
    await writeFile(at('wrong'), 'node01 a,,=b\nnode01 role=\nnode01 a b\n');
    expect((await pipe(['nodeattr', '-f', at('wrong'), '-k'], '')).code).not.toBe(0);
  });

  test('pdsh asks the nodes of an attribute', async () => {
    const said = await say('pdsh', '-F', at('genders'), '-g', 'rack=a', '-R', 'exec', 'echo', '%h');

    expect(said.trim().split('\n').toSorted()).toEqual(['node02: node02', 'node03: node03']);
  });
});

describe('ClusterShell', () => {
  const settings = '[Main]\ndefault: role\nautodir: $CFGDIR/groups.d\n';
  const clustershell = (...argv: [string, ...string[]]) =>
    run(argv, { signal: patience(), env: { CLUSTERSHELL_CFGDIR: site.dir } });
  beforeAll(() => writeFile(at('groups.conf'), settings));

  test.each([
    ['@role:compute', 'node[01-03]'],
    ['@rack:a', 'node[02-03]'],
    ['@label_rack:1', 'node03'],
    ['@label_example_com_tier:fast-1.0', 'node03'],
    ['@role:all', 'agent,node[01-03]'],
    ['@role:compute!@rack:a', 'node01'],
    // The default source.
    ['@k3s-agent', 'agent'],
  ])('nodeset folds %s', async (group, names) => {
    expect(await clustershell('nodeset', '-f', group)).toBe(`${names}\n`);
  });

  test('clush asks the nodes of a group', async () => {
    const said = await clustershell('clush', '-w', '@rack:a', '-R', 'exec', '-L', 'echo', '%h');

    expect(said).toBe('node02: node02\nnode03: node03\n');
  });
});

describe('ssh', () => {
  test('knows the host by its certificate and gets in by its own, and to no node that is another', async () => {
    const tree = at('node01');
    await site.command('overlay', 'render', 'node01', '--out', tree, '--secrets');
    const config = [
      `HostKey ${tree}/etc/ssh/ssh_host_ed25519_key`,
      `HostCertificate ${tree}/etc/ssh/ssh_host_ed25519_key-cert.pub`,
      `TrustedUserCAKeys ${tree}/etc/ssh/pi-image-ca.pub`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'UsePAM no',
      `PidFile ${at('sshd.pid')}`,
    ];
    await writeFile(at('sshd_config'), config.map((line) => `${line}\n`).join(''));
    await mkdir('/run/sshd', { recursive: true });
    const addresses = [boardAddress, '10.42.0.12'];
    for (const address of addresses) await site.onBoard('ip', 'address', 'add', `${address}/24`, 'dev', 'end0');
    const sshd = site.net.start('board', ['/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')]);
    await sshd.line(/Server listening on 0\.0\.0\.0 port 22/);
    const ssh = (name: string) =>
      site.net.run('storage', ['ssh', '-n', '-F', at('ssh_config'), '-o', 'BatchMode=yes', name, 'echo in']);

    expect(await ssh('node01')).toBe('in\n');
    expect(await ssh(boardAddress)).toBe('in\n');
    // node01 answers at the address of node02, and cannot show node02's certificate.
    await expect(ssh('node02')).rejects.toThrow('Host key verification failed');
    await sshd.stop();
  });

  test.each(['node01', boardAddress])('ssh-keygen finds the authority for %s', async (host) => {
    expect(await say('ssh-keygen', '-F', host, '-f', at('known_hosts'))).toContain('@cert-authority ');
  });

  test('and not for a stranger', async () => {
    expect(await pipe(['ssh-keygen', '-F', 'stranger', '-f', at('known_hosts')], '')).toEqual({ code: 1, said: '' });
  });
});
