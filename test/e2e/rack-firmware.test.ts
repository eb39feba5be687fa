/** Virtual boards' firmware against the real DHCP and TFTP services, in network namespaces. Needs root. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const serial = '1aa2bb31';
const kernel = randomBytes(3_000_000);
const initramfs = randomBytes(200_000);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-firmware-'));
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'config.txt':
      '[pi4]\nkernel=kernel8.img\n[pi5]\nkernel=kernel_2712.img\n[all]\ninitramfs initramfs8 followkernel\n',
    'cmdline.txt': 'console=ttyS1,115200 panic=10\n',
    'start4.elf': randomBytes(100_000),
    'fixup4.dat': 'fixup',
    'bcm2711-rpi-4-b.dtb': 'dtb',
    'bcm2712-rpi-5-b.dtb': 'dtb',
    'kernel8.img': kernel,
    'kernel_2712.img': kernel,
    initramfs8: initramfs,
  };
  await mkdir(path.join(dir, 'served'));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(dir, 'served', name), content);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** The board's events as text, one per line. */
async function boot(options: {
  board: string;
  revision: number;
  eeprom: string;
  begins: 'first' | 'late';
}): Promise<string> {
  const namespaces = [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ];
  const inside = path.resolve(import.meta.dirname, '../support/firmware-rack.ts');
  const flags = ['--board', options.board, '--revision', String(options.revision), '--eeprom', options.eeprom];
  const args = [process.execPath, '--import', 'tsx', inside, dir, serial, options.begins, ...flags];
  const { stdout } = await promisify(execFile)('unshare', [...namespaces, ...args], { timeout: 100_000 });
  return stdout;
}

describe.each([
  ['a Pi 4 of 2019', { board: 'pi4', revision: 0xd03115, eeprom: '2019-12-03' }],
  ['a Pi 4 of 2026', { board: 'pi4', revision: 0xd03115, eeprom: '2026-08-04' }],
  ['a Pi 5', { board: 'pi5', revision: 0xd04170, eeprom: '2026-08-12' }],
])('%s', (_name, options) => {
  test('gets its address and loads what it starts, byte for byte', async () => {
    const events = await boot({ ...options, begins: 'first' });

    expect(events).toContain('"event":"offer","address":"10.42.0.11","tftpServer":"10.42.0.1"');
    expect(kernel.equals(await readFile(path.join(dir, 'loaded', 'kernel')))).toBe(true);
    expect(initramfs.equals(await readFile(path.join(dir, 'loaded', 'initramfs')))).toBe(true);
    expect(await readFile(path.join(dir, 'loaded', 'cmdline.txt'), 'utf8')).toBe('console=ttyS1,115200 panic=10');
  });
});

test('a board that is on before its storage node gets its address with the next DISCOVER', async () => {
  const events = await boot({ board: 'pi4', revision: 0xd03115, eeprom: '2026-08-04', begins: 'late' });
  expect(events).toContain('"event":"discover","attempt":2');
  expect(events).toContain('"event":"start"');
});
