import { expect, test } from 'vitest';

import { compareBoot, type BootEntry } from '../../src/plan/verify-boot.ts';

const sha256 = 'a'.repeat(64);
const entry = (path: string, other: Partial<BootEntry> = {}): BootEntry => ({
  path,
  kind: 'file',
  mode: 0o100644,
  uid: 0,
  gid: 0,
  sha256,
  ...other,
});
const folder = (path: string, other: Partial<BootEntry> = {}) =>
  entry(path, { kind: 'folder', mode: 0o40755, ...other });

const kernel = entry('boot/kernel8.img');
const published = [folder('boot'), kernel, folder('boot/overlays'), entry('boot/overlays/README')];
const bootFiles = { 'kernel8.img': { sha256, sizeBytes: 1 }, 'overlays/README': { sha256, sizeBytes: 1 } };
const instead = (other: Partial<BootEntry>) =>
  published.map((each) => (each === kernel ? { ...each, ...other } : each));

test.each<[string, BootEntry[], string[]]>([
  ['as published', published, []],
  ['as published by the owner of the store', instead({ uid: 1000, gid: 1000, mode: 0o100664 }), []],
  ['written to by the group of root', instead({ mode: 0o100664 }), []],
  ['empty', [folder('boot')], ['boot/kernel8.img is missing', 'boot/overlays/README is missing']],
  ['with another content', instead({ sha256: 'b'.repeat(64) }), ['boot/kernel8.img has another content']],
  ['with a link', instead({ kind: 'link', mode: 0o120777 }), ['boot/kernel8.img is a link and was a file']],
  ['with a file too much', [...published, entry('boot/autoboot.txt')], ['boot/autoboot.txt does not belong there']],
  [
    'with a link too much',
    [...published, entry('boot/start4.elf', { kind: 'link', mode: 0o120777 })],
    ['boot/start4.elf does not belong there'],
  ],
  ['with an empty folder', [...published, folder('boot/more')], []],
  [
    'of another owner',
    instead({ uid: 1001 }),
    ['boot/kernel8.img belongs to 1001:0, and not to root or the owner of the store'],
  ],
  [
    'writable by all',
    instead({ mode: 0o100666 }),
    ['boot/kernel8.img has the mode 0666: others than its owner may write to it'],
  ],
  [
    'writable by a group',
    instead({ mode: 0o100664, gid: 1001 }),
    ['boot/kernel8.img has the mode 0664: others than its owner may write to it'],
  ],
  [
    'in a folder that all may write to',
    [folder('boot', { mode: 0o40777 }), ...published.slice(1)],
    ['boot has the mode 0777: others than its owner may write to it'],
  ],
])('a boot folder %s', (_what, found, problems) => {
  expect(compareBoot(bootFiles, found, { uid: 1000, gid: 1000 })).toEqual(problems);
});
