/** Real DHCP clients and a foreign server, in network namespaces, against the real service. Needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DhcpServiceInput } from '../support/dhcp-service.ts';
import { Namespaces, type NamespaceProgram } from '../support/namespaces.ts';

const node01 = 'dc:a6:32:00:00:01';

const input: DhcpServiceInput = {
  interface: 'eth0',
  address: '10.42.0.1/24',
  pool: '10.42.0.200-10.42.0.201',
  nodes: [{ name: 'node01', mac: node01, board: 'pi4', address: '10.42.0.11', role: 'compute' }],
  looksForForeign: false,
};

let net: Namespaces;
let scratch: string;

beforeEach(async () => {
  net = new Namespaces();
  scratch = await mkdtemp(path.join(tmpdir(), 'pi-image-dhcp-'));
  await net.add('server');
  await net.add('client');
  await net.cable(
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'client', interface: 'end0', mac: node01 },
  );
});

afterEach(async () => {
  await net.close();
  await rm(scratch, { recursive: true });
});

const script = (name: string) => path.resolve(import.meta.dirname, '../support', name);

/** A program of test/support, run as it is. */
const typescript = (name: string, ...args: readonly string[]) => [
  process.execPath,
  '--import',
  'tsx',
  script(name),
  ...args,
];

function serviceArgv(changes: Partial<DhcpServiceInput> = {}): readonly string[] {
  return typescript('dhcp-service.ts', JSON.stringify({ ...input, ...changes }));
}

async function serve(changes: Partial<DhcpServiceInput> = {}): Promise<NamespaceProgram> {
  const service = net.start('server', serviceArgv(changes));
  await service.line(/^ready$/);
  return service;
}

/** A script that DHCP clients run with what they got in their environment; it writes that down. */
async function environmentScript(): Promise<{ readonly file: string; readonly read: () => Promise<string> }> {
  const [file, written] = [path.join(scratch, 'got.sh'), path.join(scratch, 'got.env')];
  await writeFile(file, `#!/bin/sh\n{ echo "event=\${1:-$reason}"; env; } >> ${written}\nexit 0\n`, { mode: 0o755 });
  return { file, read: () => readFile(written, 'utf8') };
}

async function udhcpc(more: readonly string[] = []): Promise<string> {
  const got = await environmentScript();
  await net.run('client', [
    'busybox',
    'udhcpc',
    '-i',
    'end0',
    '-f',
    '-n',
    '-q',
    '-t',
    '4',
    '-T',
    '1',
    '-s',
    got.file,
    ...more,
  ]);
  return got.read();
}

describe('gets its reserved address', () => {
  test('busybox udhcpc, as the initramfs runs it', async () => {
    await serve();

    const got = await udhcpc(['-O', 'hostname', '-O', 'ntpsrv']);

    expect(got).toContain('event=bound');
    expect(got).toMatch(/^ip=10\.42\.0\.11$/m);
    expect(got).toMatch(/^subnet=255\.255\.255\.0$/m);
    expect(got).toMatch(/^siaddr=10\.42\.0\.1$/m);
    expect(got).toMatch(/^serverid=10\.42\.0\.1$/m);
    expect(got).toMatch(/^hostname=node01$/m);
    expect(got).toMatch(/^ntpsrv=10\.42\.0\.1$/m);
    expect(got).toMatch(/^lease=4294967295$/m);
    expect(got).not.toMatch(/^router=/m);
  });

  test('busybox udhcpc with another client id and a wish of its own', async () => {
    await serve();

    expect(await udhcpc(['-x', '0x3d:ff00112233', '-r', '10.42.0.77'])).toMatch(/^ip=10\.42\.0\.11$/m);
  });

  test('busybox udhcpc, which renews its lease from the address it has', async () => {
    const service = await serve();
    const file = path.join(scratch, 'set.sh');
    const set = 'test "$1" = bound && ip address add "$ip/24" dev "$interface"';
    await writeFile(file, `#!/bin/sh\n${set}\nexit 0\n`, { mode: 0o755 });

    const client = net.start('client', ['busybox', 'udhcpc', '-i', 'end0', '-f', '-s', file]);
    await client.line(/lease of 10\.42\.0\.11 obtained/);
    client.signal('SIGUSR1');

    await client.line(/lease of 10\.42\.0\.11 obtained/, 2);
    await service.line(/dhcp\.acknowledged/, 2);
    expect(service.lines.filter((line) => line.includes('dhcp.offered'))).toHaveLength(1);
  });

  test('ISC dhclient, also when it comes back with its lease', async () => {
    const service = await serve();
    const got = await environmentScript();
    const leases = path.join(scratch, 'leases');
    await writeFile(leases, '');
    const argv = [
      'dhclient',
      '-4',
      '-d',
      '-v',
      '-sf',
      got.file,
      '-lf',
      leases,
      '-pf',
      path.join(scratch, 'pid'),
      'end0',
    ];

    for (const reason of ['BOUND', 'REBOOT']) {
      const client = net.start('client', argv);
      await client.line(/^bound to 10\.42\.0\.11/);
      client.signal('SIGKILL');
      await client.ended;
      expect(await got.read()).toContain(`reason=${reason}`);
    }

    const environment = await got.read();
    expect(environment).toMatch(/^new_ip_address=10\.42\.0\.11$/m);
    expect(environment).toMatch(/^new_host_name=node01$/m);
    expect(environment).toMatch(/^new_dhcp_lease_time=4294967295$/m);
    expect(service.lines.filter((line) => line.includes('dhcp.offered'))).toHaveLength(1);
    expect(service.lines.filter((line) => line.includes('dhcp.acknowledged'))).toHaveLength(2);
  });

  test('the npm package dhcp, once it knows an address to ask for', async () => {
    // It sends to 255.255.255.255 from a socket without address: that takes a route.
    await net.run('client', ['ip', 'route', 'add', '255.255.255.255', 'dev', 'end0']);
    // It asks for no broadcast, and its socket hears nothing else before it has an address.
    await serve({ datagrams: 'plain' });

    const client = net.start('client', typescript('npm-dhcp-client.ts', node01));

    expect(JSON.parse((await client.line(/^bound /)).slice('bound '.length))).toMatchObject({
      address: '10.42.0.11',
      server: '10.42.0.1',
      options: { netmask: '255.255.255.0', broadcast: '10.42.0.255', hostname: 'node01' },
    });
  });
});

test('a board that is no node gets an address of the pool, and what it says is kept', async () => {
  const service = await serve({ nodes: [] });

  expect(await udhcpc()).toMatch(/^ip=10\.42\.0\.200$/m);
  expect(await udhcpc()).toMatch(/^lease=600$/m);
  expect(await service.line(/^record/)).toMatch(
    /^record \{"kind":"unknown","board":\{"mac":"dc:a6:32:00:00:01","address":"10.42.0.200","leaseUntilMs":\d+\}\}$/,
  );
});

test('truncated and random datagrams leave the service answering', async () => {
  await net.run('client', ['ip', 'address', 'add', '10.42.0.99/24', 'dev', 'end0']);
  const service = await serve();

  await net.run('client', typescript('noise.ts', '10.42.0.1', '67', '2000'));

  expect(await udhcpc()).toMatch(/^ip=10\.42\.0\.11$/m);
  expect(service.lines.filter((line) => line.includes('dhcp.malformed'))).toHaveLength(1);
  expect(service.lines.filter((line) => line.includes('bug'))).toEqual([]);
});

test('SIGTERM ends it at once', async () => {
  const service = await serve();
  const sinceMs = Date.now();

  expect(await service.stop()).toBe(0);
  expect(Date.now() - sinceMs).toBeLessThan(2000);
});

describe('refuses to serve', () => {
  const error = async (service: NamespaceProgram) => {
    const line = await service.line(/^error/);
    await service.ended;
    return JSON.parse(line.slice('error '.length)) as { message: string; hint: string; cause?: string };
  };
  const dnsmasq = [
    'dnsmasq',
    '--no-daemon',
    '--port=0',
    '--conf-file=/dev/null',
    '--bind-interfaces',
    '--leasefile-ro',
  ];

  test('beside another server on the network, which it names', async () => {
    await net.run('client', ['ip', 'address', 'add', '10.42.0.254/24', 'dev', 'end0']);
    // With its usual ping of an address before it is offered, which takes 3 seconds.
    const foreign = net.start('client', [...dnsmasq, '--interface=end0', '--dhcp-range=10.42.0.50,10.42.0.60,1h']);
    await foreign.line(/DHCP, IP range/);

    const service = net.start('server', serviceArgv({ looksForForeign: true }));

    expect(await error(service)).toMatchObject({
      message: 'the DHCP server 10.42.0.254 answers on eth0 already; two servers would give boards addresses in turn',
    });
    expect(service.lines).toContain('foreign ["10.42.0.254"]');
  });

  test('nothing when it is alone', async () => {
    const service = await serve({ looksForForeign: true });

    expect(service.lines[0]).toBe('foreign []');
  });

  test('when the port is taken, also by a server that shares it', async () => {
    const foreign = net.start('server', [...dnsmasq, '--interface=eth0', '--dhcp-range=10.42.0.50,10.42.0.60,1h']);
    await foreign.line(/DHCP, IP range/);

    expect(await error(net.start('server', serviceArgv()))).toEqual({
      message: 'UDP port 67 is taken, DHCP needs it on eth0',
      hint: 'Find who has it with "ss -lunp sport = :67" and stop that, for example "systemctl stop dnsmasq".',
      cause: expect.stringMatching(/^bind EADDRINUSE/) as string,
    });
  });

  test('when it cannot look for other servers', async () => {
    const client = net.start('server', [
      process.execPath,
      '-e',
      "require('dgram').createSocket('udp4').bind(68, () => console.log('bound'))",
    ]);
    await client.line(/^bound$/);

    expect(await error(net.start('server', serviceArgv({ looksForForeign: true })))).toMatchObject({
      message: 'UDP port 68 is taken, DHCP needs it on eth0',
    });
  });

  test('on a machine with a second network, where Node cannot bind its socket to one', async () => {
    await net.add('elsewhere');
    await net.cable({ namespace: 'server', interface: 'wlan0' }, { namespace: 'elsewhere', interface: 'wlan0' });

    expect(await error(net.start('server', serviceArgv({ datagrams: 'plain' })))).toMatchObject({
      message: 'DHCP on eth0 would also answer on wlan0',
    });
  });

  test('at an address that the interface does not have', async () => {
    expect(await error(net.start('server', serviceArgv({ address: '10.42.0.2/24' })))).toMatchObject({
      message: 'eth0 does not have the address 10.42.0.2',
    });
  });
});

describe('with sockets from systemd on a machine with two networks', () => {
  /** Binds UDP sockets to an interface as a socket unit does, and becomes the service. */
  const activated = (device: string, changes: Partial<DhcpServiceInput> = {}) => [
    'perl',
    script('activate.pl'),
    `dhcp=${device}:67`,
    `dhcp-client=${device}:68`,
    '--',
    ...serviceArgv(changes),
  ];

  beforeEach(async () => {
    await net.add('elsewhere');
    await net.cable(
      { namespace: 'server', interface: 'eth1', address: '192.168.7.1/24' },
      { namespace: 'elsewhere', interface: 'end0', mac: '02:00:00:00:00:77' },
    );
  });

  test('it serves its interface and not the other', async () => {
    const service = net.start('server', activated('eth0', { looksForForeign: true }));
    await service.line(/^ready$/);

    expect(await udhcpc()).toMatch(/^ip=10\.42\.0\.11$/m);
    await expect(
      net.run('elsewhere', [
        'busybox',
        'udhcpc',
        '-i',
        'end0',
        '-f',
        '-n',
        '-q',
        '-t',
        '2',
        '-T',
        '1',
        '-s',
        '/bin/true',
      ]),
    ).rejects.toThrow('no lease');
    expect(service.lines.filter((line) => line.includes('02:00:00:00:00:77'))).toEqual([]);
    expect(await service.stop()).toBe(0);
  });

  test('a socket that is bound to another interface is not used', async () => {
    const service = net.start('server', activated('eth1'));

    expect(await service.line(/^error/)).toContain(
      'the DHCP socket from systemd is bound to 0.0.0.0%eth1:67 and not to 0.0.0.0%eth0:67',
    );
  });

  test('a socket that is bound to no interface is not used', async () => {
    const service = net.start('server', activated(''));

    expect(await service.line(/^error/)).toContain(
      'the DHCP socket from systemd is bound to 0.0.0.0:67 and not to 0.0.0.0%eth0:67',
    );
  });
});
