/** What QEMU is told: the loaded files as they are, and the one console that its machine has. */
import { describe, expect, test } from 'vitest';

import type { MacAddress } from '../../src/model/mac.ts';
import { qemuArgv, withConsole, type Machine } from '../../src/rack/qemu.ts';
import { readGuestEnd } from '../../src/rack/qmp.ts';

const machine: Machine = {
  cpus: 1,
  memoryMib: 1024,
  clock: 'utc',
  accelerator: 'tcg',
  mac: 'dc:a6:32:12:34:56' as MacAddress,
  tap: 'tap0',
  start: {
    kind: 'kernel',
    kernel: '/rack/kernel',
    initramfs: '/rack/initramfs',
    commandLine: 'console=ttyS1,115200 panic=10',
  },
  consoleLog: '/rack/a,b/console.log',
  controlSocket: '/run/board0.qmp',
};

/** The values of one option, in order. */
function valuesOf(argv: readonly string[], option: string): string[] {
  return argv.flatMap((word, index) => (word === option ? [argv[index + 1] ?? ''] : []));
}

describe('the command line', () => {
  test.each([
    ['the board console is replaced', 'console=ttyS1,115200 panic=10', 'console=ttyAMA0 panic=10'],
    ['several consoles become one', 'quiet console=ttyS1 console=tty1 ro', 'quiet console=ttyAMA0 ro'],
    ['without a console one is added', 'quiet ro', 'quiet ro console=ttyAMA0'],
    ['nothing else changes', 'a=console=x b', 'a=console=x b console=ttyAMA0'],
  ])('%s', (_name, before, after) => expect(withConsole(before)).toBe(after));
});

describe('qemu', () => {
  test('gets kernel, initramfs and network of the board', () => {
    const argv = qemuArgv(machine);
    expect(valuesOf(argv, '-kernel')).toEqual(['/rack/kernel']);
    expect(valuesOf(argv, '-initrd')).toEqual(['/rack/initramfs']);
    expect(valuesOf(argv, '-append')).toEqual(['console=ttyAMA0 panic=10']);
    expect(valuesOf(argv, '-device')[0]).toContain('mac=dc:a6:32:12:34:56');
    expect(valuesOf(argv, '-netdev')[0]).toContain('ifname=tap0');
  });

  test('a comma in a path does not end the path', () => {
    expect(valuesOf(qemuArgv(machine), '-chardev')[0]).toContain('path=/rack/a,,b/console.log,append=on');
  });

  test('a board without initramfs has no -initrd', () => {
    const start = { kind: 'kernel', kernel: '/rack/kernel', initramfs: undefined, commandLine: '' } as const;
    expect(valuesOf(qemuArgv({ ...machine, start }), '-initrd')).toEqual([]);
  });

  test('a board with real firmware loads its kernel itself', () => {
    const settings = { 'opt/a': 'n', 'opt/b': 'n' };
    const argv = qemuArgv({ ...machine, start: { kind: 'firmware', bios: '/f/b.bin', flash: '/rack/a,b', settings } });
    expect(valuesOf(argv, '-bios')).toEqual(['/f/b.bin']);
    expect(valuesOf(argv, '-drive')).toEqual(['if=pflash,unit=1,format=raw,file=/rack/a,,b']);
    expect(valuesOf(argv, '-fw_cfg')).toEqual(['name=opt/a,string=n', 'name=opt/b,string=n']);
    for (const option of ['-kernel', '-initrd', '-append']) expect(valuesOf(argv, option)).toEqual([]);
  });

  test('an arm64 host is not emulated', () => {
    expect(valuesOf(qemuArgv({ ...machine, accelerator: 'kvm' }), '-cpu')).toEqual(['host']);
  });
});

test.each([
  ['a guest reset', '{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}}', 'reset'],
  ['a guest power-off', '{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}', 'off'],
  ['another event', '{"event":"STOP"}', undefined],
  ['an answer', '{"return":{}}', undefined],
])('QEMU reports %s', (_name, line, expected) => expect(readGuestEnd(line)).toBe(expected));
