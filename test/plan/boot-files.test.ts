/** What a board gets for each name it may ask for. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { unreachable } from '../../src/model/errors.ts';
import { tokenSlot, type Generation } from '../../src/model/generation.ts';
import { parseMac } from '../../src/model/mac.ts';
import { ImageManifest } from '../../src/model/manifest.ts';
import { NodeSpec } from '../../src/model/node.ts';
import { decideBootFile, type BootFileRequest } from '../../src/plan/boot-files.ts';

const node01 = NodeSpec.parse({
  name: 'node01',
  serial: '1aa2bb31',
  mac: 'dc:a6:32:12:34:56',
  board: 'pi4',
  address: '10.42.0.11',
  role: 'compute',
});
const node02 = NodeSpec.parse({ ...node01, name: 'node02', serial: '9ffefdef', mac: 'dc:a6:32:00:00:02' });

const manifest = ImageManifest.parse({
  format: 1,
  name: 'debian-lite',
  version: '20261121.1',
  builtAt: '2026-11-21T00:00:00Z',
  boards: ['pi4'],
  key: 'a'.repeat(64),
  bootFiles: Object.fromEntries(
    [
      'start4.elf',
      'kernel8.img',
      'bcm2711-rpi-4-b.dtb',
      'overlays/README',
      'config.txt',
      'cmdline.txt',
      'pieeprom.bin',
      'recovery.elf',
      'recover4.elf',
      'vl805.sig',
      'overlays/recovery.elf',
    ].map((path, sizeBytes) => [path, { sha256: 'b'.repeat(64), sizeBytes }]),
  ),
  kernels: [],
  packages: [],
  users: {},
  groups: {},
  folderLinks: {},
  rootBytes: 0,
  rootFiles: 0,
});

const generation: Generation = {
  format: 1,
  id: 'c'.repeat(64),
  node: 'node01',
  role: 'compute',
  board: 'pi4',
  image: { name: 'debian-lite', version: '20261121.1' },
  rootMode: 'shared',
  configTxt: '[pi4]\nkernel=kernel8.img\n',
  commandLine: `quiet pi_image.token=${tokenSlot} panic=10`,
  overlayDigest: 'd'.repeat(64),
};

const token = '$&'.padEnd(tokenSlot.length, 'x');
const boot = { node: node01, mac: node01.mac, generation, token, manifest };

/** The decision as one line. */
function told(path: string, request: Partial<BootFileRequest> = {}): string {
  const decision = decideBootFile({ path, boot, nodes: [node01, node02], ...request });
  switch (decision.kind) {
    case 'text':
      return `${decision.carriesToken ? 'text with token' : 'text'} ${JSON.stringify(Buffer.from(decision.bytes).toString())}`;
    case 'image-file':
      return `${decision.image.name}@${decision.image.version}:${decision.path} ${decision.sizeBytes}`;
    case 'signed':
      return `signed ${decision.file}`;
    case 'missing':
      return `${decision.isForeignPrefix ? 'foreign' : 'missing'}: ${decision.reason}`;
    case 'refused':
      return `refused: ${decision.reason}`;
    default:
      return unreachable(decision);
  }
}

const config = 'text "[pi4]\\nkernel=kernel8.img\\n"';
const commandLine = `text with token "quiet pi_image.token=${token} panic=10\\n"`;
const kernel = 'debian-lite@20261121.1:kernel8.img 1';

describe('a node in its boot', () => {
  test.each([
    ['kernel8.img', kernel],
    ['1aa2bb31/kernel8.img', kernel],
    ['1AA2BB31/kernel8.img', kernel],
    ['dc-a6-32-12-34-56/kernel8.img', kernel],
    ['config.txt', config],
    ['1aa2bb31/config.txt', config],
    ['cmdline.txt', commandLine],
    ['dc-a6-32-12-34-56/cmdline.txt', commandLine],
    ['1aa2bb31/start4.elf', 'debian-lite@20261121.1:start4.elf 0'],
    ['1aa2bb31/start.elf', 'missing: not among the boot files of debian-lite@20261121.1'],
    ['overlays/README', 'debian-lite@20261121.1:overlays/README 3'],
  ])('gets %s', (path, expected) => {
    expect(told(path)).toBe(expected);
  });

  test.each([
    'Kernel8.img',
    'kernel8.img/',
    'overlays',
    'overlays//README',
    './kernel8.img',
    'constructor',
    '1aa2bb31/',
  ])('does not get %s', (path) =>
    expect(told(path)).toBe('missing: not among the boot files of debian-lite@20261121.1'),
  );

  test.each([
    'pieeprom.bin',
    'pieeprom.sig',
    'PIEEPROM.UPD',
    'recovery.elf',
    'recovery.bin',
    'recover4.elf',
    'vl805.sig',
    'vl805.bin',
    '1aa2bb31/recovery.elf',
    'overlays/recovery.elf',
  ])('never gets %s, also when the image has it', (path) => {
    expect(told(path)).toBe('missing: never served: firmware would write it into the flash of the board');
  });

  test('the command line keeps its length whatever the token', () => {
    const slot = told('cmdline.txt', { boot: { ...boot, token: tokenSlot } });
    expect(told('cmdline.txt')).toHaveLength(slot.length);
  });
});

describe('a prefix', () => {
  const byMac = NodeSpec.parse({ ...node01, serial: undefined });
  const bySerial = NodeSpec.parse({ ...node01, mac: undefined });

  test.each([
    ['of another node, by serial', '9ffefdef/config.txt', boot, '9ffefdef/ belongs to node02, not to node01'],
    [
      'of another node, by MAC',
      'dc-a6-32-00-00-02/kernel8.img',
      boot,
      'dc-a6-32-00-00-02/ belongs to node02, not to node01',
    ],
    ['of nobody', '12345678/config.txt', boot, '12345678/ is not node01, whose board asks under 1aa2bb31/'],
    [
      'of nobody, by MAC',
      '00-00-00-00-00-00/x',
      boot,
      '00-00-00-00-00-00/ is not node01, whose board asks under dc-a6-32-12-34-56/',
    ],
    [
      'of another node, for a node whose serial is unknown',
      '9ffefdef/config.txt',
      { ...boot, node: byMac },
      '9ffefdef/ belongs to node02, not to node01',
    ],
    [
      'of a node at an address without a boot',
      '9ffefdef/config.txt',
      undefined,
      '9ffefdef/ belongs to node02, of which no boot is open at this address',
    ],
  ])('%s is foreign', (_name, path, inBoot, reason) => {
    expect(told(path, { boot: inBoot })).toBe(`foreign: ${reason}`);
  });

  test('that is new is believed where the node has no serial to compare it with', () => {
    expect(told('12345678/config.txt', { boot: { ...boot, node: byMac }, nodes: [byMac, node02] })).toBe(config);
  });

  test('by MAC counts when the MAC was learned from DHCP', () => {
    const learned = { ...boot, node: bySerial, mac: parseMac('dc:a6:32:12:34:56') };
    expect(told('dc-a6-32-12-34-56/config.txt', { boot: learned, nodes: [bySerial] })).toBe(config);
  });
});

describe('without a boot', () => {
  test.each(['config.txt', 'cmdline.txt', 'kernel8.img', '12345678/config.txt', 'x/y'])('%s is missing', (path) => {
    expect(told(path, { boot: undefined })).toBe('missing: no boot is open at this address');
  });
});

describe('a board that came without a lease', () => {
  const leaseless = { boot: { ...boot, token: undefined } };

  test('gets what carries no token', () => {
    expect(told('1aa2bb31/config.txt', leaseless)).toBe(config);
    expect(told('1aa2bb31/kernel8.img', leaseless)).toBe(kernel);
  });

  test('gets no command line', () => {
    expect(told('1aa2bb31/cmdline.txt', leaseless)).toBe(
      'missing: node01 has no lease, and its token goes only to a leased address',
    );
  });
});

describe('a path that no firmware sends is refused', () => {
  test.each([
    ['../state.db', 'path that leaves the boot files'],
    ['overlays/../../etc/passwd', 'path that leaves the boot files'],
    ['1aa2bb31/..', 'path that leaves the boot files'],
    ['/config.txt', 'absolute path; names are relative to the top of the boot files'],
    ['..\\config.txt', 'file name with a backslash'],
    ['config.txt\0.png', 'file name with a control character'],
    ['config\n.txt', 'file name with a control character'],
    ['config\u009b2J.txt', 'file name with a control character'],
    ['a'.repeat(256), 'file name of 256 bytes; the longest that is served has 255'],
  ])('%j', (path, reason) => {
    expect(told(path)).toBe(`refused: ${reason}`);
    expect(told(path, { boot: undefined })).toBe(`refused: ${reason}`);
  });
});

describe('a node that boots signed', () => {
  const signed = { ...boot, token: undefined, generation: { ...generation, boot: 'signed' as const } };
  test.each([
    ['boot.img', 'signed image'],
    ['boot.sig', 'signed signature'],
    ['1aa2bb31/boot.img', 'signed image'],
    ['kernel8.img', 'missing: the role compute boots signed: there is only boot.img and boot.sig, best over HTTP'],
    ['cmdline.txt', 'missing: the role compute boots signed: there is only boot.img and boot.sig, best over HTTP'],
    ['9ffefdef/boot.img', 'foreign: 9ffefdef/ belongs to node02, not to node01'],
    ['../boot.img', 'refused: path that leaves the boot files'],
  ])('is told for %s: %s', (path, expected) => {
    expect(told(path, { boot: signed })).toBe(expected);
  });

  test('is the only one that has a boot.img', () => {
    expect(told('boot.sig')).toBe('missing: its role has no "boot: signed"');
  });
});

test('whatever is asked for, an image file is one of the manifest that may be served', () => {
  const parts = fc.constantFrom(
    '..',
    '.',
    '',
    'start4.elf',
    'config.txt',
    'overlays',
    'README',
    '1aa2bb31',
    '9ffefdef',
    '\\',
  );
  const paths = fc.oneof(
    fc.string(),
    fc.array(parts, { maxLength: 4 }).map((all) => all.join('/')),
    fc.constantFrom(...Object.keys(manifest.bootFiles)),
  );
  const served = new Set<string>();

  fc.assert(
    fc.property(paths, (path) => {
      const decision = decideBootFile({ path, boot, nodes: [node01, node02] });
      if (decision.kind === 'image-file') served.add(decision.path);
    }),
    { numRuns: 1000 },
  );

  expect([...served].toSorted()).toEqual(['bcm2711-rpi-4-b.dtb', 'kernel8.img', 'overlays/README', 'start4.elf']);
});
