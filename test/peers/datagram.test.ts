/** The datagram addon against kernels in a bad mood, hostile callers, and cables. Needs root and a C compiler. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { run, type Argv } from '../../src/host/process.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { encodeUdpFrame } from '../../src/wire/udp-frame.ts';
import { Namespaces, type NamespaceProgram } from '../support/namespaces.ts';

const project = path.resolve(import.meta.dirname, '../..');

let dir: string;
let net: Namespaces;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'datagram-'));
  net = new Namespaces();
});
afterEach(async () => {
  await net.close();
  await rm(dir, { recursive: true });
});

const typescript = (name: string, ...args: readonly string[]): Argv => [
  process.execPath,
  '--import',
  'tsx',
  path.join(project, 'test/support', name),
  ...args,
];

function shell(argv: Argv, env: Readonly<Record<string, string>> = {}): Promise<string> {
  return run(argv, { cwd: project, env, signal: AbortSignal.timeout(100_000) });
}

test('no call, no datagram and no end of a thread makes it read outside its memory', async () => {
  await shell(['sh', 'src/host/datagram/build.sh', dir], {
    DATAGRAM_CFLAGS: '-g -fsanitize=address,undefined -fno-sanitize-recover=undefined',
  });
  const addon = path.join(dir, `linux-${process.arch}`, 'datagram.node');
  // The sanitizer must be the first library of the process: Node knows nothing of it.
  const find = (name: string) => shell(['cc', `-print-file-name=${name}`]);
  const libraries = [await find('libasan.so'), await find('libubsan.so')].map((line) => line.trim());

  // What Node itself does not free when it ends is none of ours.
  const env = { LD_PRELOAD: libraries.join(':'), ASAN_OPTIONS: 'detect_leaks=0' };
  expect(await shell(typescript('datagram-stress.ts', addon), env)).toBe('done\n');
});

describe('a kernel that', () => {
  const whole = { numbers: 1000, cut: 150, isOrdered: true, lost: [] };

  test.each([
    ['takes all', 'none', whole],
    ['takes three at a time', 'few', whole],
    ['has a full send buffer now and then', 'full', whole],
    ['is interrupted', 'interrupted', whole],
    ['cannot cut, for want of checksums', 'no-checksums', whole],
    ['does not cut what is longer than the MTU', 'too-long', whole],
  ])('%s loses nothing', async (_name, fault, expected) => {
    expect(await sendThrough(fault)).toEqual(expected);
  });

  test('says that somebody is gone loses one datagram each time, and goes on', async () => {
    const { numbers, cut, ...rest } = await sendThrough('refused');

    expect(rest).toEqual({ isOrdered: true, lost: ['sendmmsg ECONNREFUSED'] });
    expect(numbers).toBeGreaterThan(980);
    expect(numbers + cut).toBeLessThan(1150);
  });

  async function sendThrough(fault: string): Promise<{ numbers: number; cut: number; isOrdered: boolean }> {
    const library = path.join(dir, 'faults.so');
    await shell(['cc', '-shared', '-fPIC', '-o', library, 'test/support/sendmmsg-faults.c']);
    const said = await shell(typescript('datagram-sends.ts'), { FAULT: fault, LD_PRELOAD: library });
    return JSON.parse(said) as { numbers: number; cut: number; isOrdered: boolean };
  }
});

const [here, there] = [
  { mac: parseMac('02:00:00:00:00:01'), address: parseIpv4('10.42.0.1'), port: 1000 },
  { mac: parseMac('02:00:00:00:00:02'), address: parseIpv4('10.42.0.2'), port: 2000 },
];

async function cable(): Promise<void> {
  await net.add('one');
  await net.add('two');
  await net.cable(
    { namespace: 'one', interface: 'eth0', mac: here.mac, address: '10.42.0.1/24' },
    { namespace: 'two', interface: 'eth0', mac: there.mac, address: '10.42.0.2/24' },
  );
}

async function listen(print: string): Promise<NamespaceProgram> {
  const code = `require('dgram').createSocket('udp4').on('message',(m,r)=>console.log(${print})).bind(2000,()=>console.log('ready'))`;
  const listener = net.start('two', [process.execPath, '-e', code]);
  await listener.line(/^ready$/);
  return listener;
}

describe('what is sent directly', () => {
  const knows = (mac: string) =>
    net.run('one', ['ip', 'neighbour', 'replace', '10.42.0.2', 'lladdr', mac, 'dev', 'eth0', 'nud', 'reachable']);
  /** Through the socket nothing gets there any more. */
  const closeRoute = () => net.run('one', ['ip', 'route', 'add', 'blackhole', '10.42.0.2/32']);
  const send = (...lengths: readonly number[]) =>
    net.run('one', typescript('direct-sends.ts', 'eth0', here.address, there.address, '2000', ...lengths.map(String)));
  const arrived = "m.length+' '+r.address+':'+r.port";

  beforeEach(cable);

  test('leaves as a frame, with a checksum that the other kernel finds right', async () => {
    const listener = await listen(arrived);
    await computeChecksums();
    await knows(there.mac);
    await closeRoute();

    const said = await send(1, 516, 1472, 2);

    await listener.line(/^2 /);
    expect(said).toBe('');
    expect(listener.lines).toEqual(['ready', ...[1, 516, 1472, 2].map((length) => `${length} 10.42.0.1:1000`)]);
  });

  test('leaves by the socket when nobody knows the receiver, or when it is longer than a frame', async () => {
    const listener = await listen(arrived);

    await send(10);
    await listener.line(/^10 /);
    await send(1473, 11);
    await listener.line(/^11 /);

    expect(listener.lines).toContain('1473 10.42.0.1:1000');
  });

  test('is lost like any other where there is no way to the receiver', async () => {
    await closeRoute();

    expect(await send(10)).toBe('lost sendmmsg EINVAL\n');
  });

  test('goes through the socket on an interface that has no frames', async () => {
    const listener = await listen(arrived);

    const argv = typescript('direct-sends.ts', 'lo', here.address, there.address, '2000', '10');
    expect(await net.run('one', argv)).toBe('');

    await listener.line(/^10 /);
  });

  /** As a card without offload: else nobody computes a checksum on a cable that is memory. ETHTOOL_STXCSUM. */
  async function computeChecksums(): Promise<void> {
    const code =
      'socket($s, 2, 2, 0) or die; $off = pack("LL", 0x17, 0); ioctl($s, 0x8946, $name = pack("a16P", "eth0", $off)) or die $!';
    await net.run('one', ['perl', '-e', code]);
  }
});

describe('a packet socket', () => {
  const frame = (text: string) =>
    Buffer.from(encodeUdpFrame({ from: here, to: there, payload: Buffer.from(text) })).toString('hex');

  beforeEach(cable);

  test("sends frames that the other kernel's sockets take, and does not hear itself", async () => {
    const listener = await listen("m+' '+r.address+':'+r.port");

    const frames = net.start('one', typescript('frames.ts', 'eth0', 'ipv4', frame('hello'), frame('again')));

    expect(await listener.line(/^again/)).toBe('again 10.42.0.1:1000');
    expect(listener.lines).toContain('hello 10.42.0.1:1000');
    expect(frames.lines).toEqual(['ready']);
  });

  test('hears whole frames of its protocol, also after the link was down, and tells none that is too long', async () => {
    const frames = net.start('two', typescript('frames.ts', 'eth0', 'ipv4'));
    await frames.line(/^ready$/);
    const send = (...all: readonly string[]) => net.start('one', typescript('frames.ts', 'eth0', 'none', ...all));

    await net.run('one', ['ip', 'link', 'set', 'eth0', 'mtu', '3000']);
    await net.run('two', ['ip', 'link', 'set', 'eth0', 'mtu', '3000']);
    send(frame('x'.repeat(2100)), frame('before'));
    await frames.line(new RegExp(`^${frame('before')}$`));
    await net.run('two', ['ip', 'link', 'set', 'eth0', 'down']);
    await net.run('two', ['ip', 'link', 'set', 'eth0', 'up']);
    send(frame('after'));
    await frames.line(new RegExp(`^${frame('after')}$`));

    expect(frames.lines.filter((line) => line.length > 4000 || line.startsWith('failed'))).toEqual([]);
  });

  test.each(['addon', 'plain'])('finds out who has an address (%s)', async (datagrams) => {
    const started = Date.now();
    const said = await net.run(
      'one',
      typescript('neighbour-probe.ts', datagrams, 'eth0', '10.42.0.2', '10.42.0.3', '10.42.0.4'),
    );

    expect(said).toBe('10.42.0.2 taken\n10.42.0.3 free\n10.42.0.4 free\n');
    expect(Date.now() - started).toBeLessThan(10_000);
    if (datagrams === 'addon') expect(await net.run('one', ['ip', 'neighbour', 'show', '10.42.0.3'])).toBe('');
  });
});
