/** What a board hears of its switch: frames on a cable, heard by the program of the initramfs, for arm64 and for this machine. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { compileLldpListen } from '../../src/build/lldp-listen.ts';
import { run } from '../../src/host/process.ts';
import { Namespaces } from '../support/namespaces.ts';

const scriptsDir = path.resolve(import.meta.dirname, '../../boot/initramfs');
const signal = AbortSignal.timeout(600_000);
const net = new Namespaces();
let scratch = '';

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'lldp-listen-'));
  const bytes = await compileLldpListen({ scriptsDir, scratch, signal });
  if (bytes === undefined) throw new Error('no compiler for arm64: apt-get install gcc-aarch64-linux-gnu');
  await writeFile(path.join(scratch, 'arm64'), bytes, { mode: 0o755 });
  const flags = ['-ffreestanding', '-fno-stack-protector', '-nostdlib', '-static', '-Wall', '-Wextra', '-Werror'];
  await run(['cc', ...flags, '-o', path.join(scratch, 'here'), path.join(scriptsDir, 'lldp', 'lldp-listen.c')], {
    signal,
  });
  await writeFile(path.join(scratch, 'switch.py'), speaker);
  await net.add('switch');
  await net.add('board');
  const board = { namespace: 'board', interface: 'eth0', mac: 'dc:a6:32:00:00:01' };
  await net.cable({ namespace: 'switch', interface: 'port7', address: '10.42.0.1/24' }, board);
});
afterAll(async () => {
  await net.close();
  await rm(scratch, { recursive: true, force: true });
});

test('a compiler that fails is not taken for none', async () => {
  const programs = path.join(scratch, 'programs');
  await mkdir(programs);
  for (const name of ['cc', 'aarch64-linux-gnu-gcc']) {
    await writeFile(path.join(programs, name), '#!/bin/sh\necho out of memory >&2; exit 4\n', { mode: 0o755 });
  }
  vi.stubEnv('PATH', programs);
  try {
    await expect(compileLldpListen({ scriptsDir, scratch, signal })).rejects.toThrow('out of memory');
  } finally {
    vi.unstubAllEnvs();
  }
});

/** Sends frames for as long as somebody may listen. */
const speaker = `import socket, sys, time
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
port.bind(("port7", 0))
for _ in range(40):
    for frame in sys.argv[1:]:
        port.send(bytes.fromhex("0180c200000e" + "020000000001" + "88cc" + frame))
    time.sleep(0.1)
`;

function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE((type << 9) | value.length);
  return Buffer.concat([head, value]);
}

const text = (subtype: number, of: string) => Buffer.concat([Buffer.of(subtype), Buffer.from(of, 'latin1')]);
const frame = (...tlvs: readonly Buffer[]) => Buffer.concat([...tlvs, Buffer.of(0, 0)]).toString('hex');
const chassis = tlv(1, Buffer.of(4, 0xdc, 0xa6, 0x32, 0xff, 0xff, 0x01));

describe.each([
  ['arm64', ['qemu-aarch64-static']],
  ['here', []],
])('lldp-listen, %s', (name, emulator) => {
  const program = () => [...emulator, path.join(scratch, name)] as const;

  async function heard(...frames: readonly string[]): Promise<string> {
    const talk = net.start('switch', ['python3', path.join(scratch, 'switch.py'), ...frames]);
    try {
      return await net.run('board', ['env', ...program(), 'eth0', '3']);
    } finally {
      await talk.stop();
    }
  }

  test.each([
    ['its name and port', [chassis, tlv(2, text(5, 'Gi1/0/7')), tlv(5, Buffer.from('sw1'))], 'sw1 port Gi1/0/7\n'],
    ['without a name, its MAC', [chassis, tlv(2, text(7, '7'))], 'dc:a6:32:ff:ff:01 port 7\n'],
    [
      'a port that is a MAC',
      [chassis, tlv(2, Buffer.of(3, 2, 0, 0, 0, 0, 9))],
      'dc:a6:32:ff:ff:01 port 02:00:00:00:00:09\n',
    ],
    ['no control characters', [chassis, tlv(2, text(5, '\u001B[2J7\n8'))], 'dc:a6:32:ff:ff:01 port [2J78\n'],
    ['no more than fits', [chassis, tlv(2, text(5, 'x'.repeat(500)))], `dc:a6:32:ff:ff:01 port ${'x'.repeat(100)}\n`],
  ])('prints %s', async (_name, tlvs, expected) => {
    expect(await heard(frame(...tlvs))).toBe(expected);
  });

  test('passes over what is cut off or names no port', async () => {
    const broken = [frame(chassis), '03ff', '02', `${tlv(2, text(5, '1')).toString('hex')}0000`, 'fe'.repeat(1400)];

    await expect(heard(...broken)).rejects.toThrow('exit code 1');
    const good = frame(chassis, tlv(2, text(5, '7')));
    expect(await heard(...broken, good)).toBe('dc:a6:32:ff:ff:01 port 7\n');
  });

  test('gives up where there is no such card', async () => {
    await expect(net.run('board', ['env', ...program(), 'eth9', '1'])).rejects.toThrow('exit code 2');
  });
});
