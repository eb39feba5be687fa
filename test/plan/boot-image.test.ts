import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { BoardName } from '../../src/model/board.ts';
import { ConfigError } from '../../src/model/errors.ts';
import { planFatLayout } from '../../src/plan/boot-image-layout.ts';
import { canBootSigned, planBootImage } from '../../src/plan/boot-image.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';
import { signedView } from '../support/signed-view.ts';

const generation = {
  role: 'compute',
  board: 'pi4' as BoardName,
  configTxt: 'kernel=kernel8.img\ndtoverlay=vc4-kms-v3d\ninclude extra.txt\n',
  commandLine: 'pi_image.boot=signed quiet',
};
const paths = [
  'kernel8.img',
  'initramfs8',
  'start4.elf',
  'start4x.elf',
  'fixup4.dat',
  'start.elf',
  'bootcode.bin',
  'bcm2711-rpi-4-b.dtb',
  'bcm2710-rpi-3-b.dtb',
  'bcm2712-rpi-5-b.dtb',
  'bcm2712d0-rpi-5-b.dtb',
  'overlays/README',
  'overlays/vc4-kms-v3d.dtbo',
  'extra.txt',
];
const bootFiles = Object.fromEntries(paths.map((path) => [path, { sha256: 'a'.repeat(64), sizeBytes: 3000 }]));
const manifest = sampleManifest({ bootFiles });
const pathsOf = (board: BoardName) => planBootImage({ ...generation, board }, manifest).files.map(({ path }) => path);

describe('what goes into boot.img', () => {
  test('of a Pi 4 is what its loader, start4.elf and the kernel read, and what config.txt names', () => {
    expect(pathsOf('pi4')).toEqual([
      'bcm2711-rpi-4-b.dtb',
      'cmdline.txt',
      'config.txt',
      'extra.txt',
      'fixup4.dat',
      'initramfs8',
      'kernel8.img',
      'start4.elf',
      'overlays/README',
      'overlays/vc4-kms-v3d.dtbo',
    ]);
  });

  test('of a Pi 5 is without firmware, which it has in its EEPROM', () => {
    expect(pathsOf('pi5').filter((path) => !path.startsWith('overlays/'))).toEqual([
      'bcm2712-rpi-5-b.dtb',
      'bcm2712d0-rpi-5-b.dtb',
      'cmdline.txt',
      'config.txt',
      'extra.txt',
      'initramfs8',
      'kernel8.img',
    ]);
  });

  test('has the date of the image version, and one name for one content', () => {
    const plan = planBootImage(generation, manifest);

    expect(plan.epochSeconds).toBe(Date.parse('2026-11-21T08:00:00Z') / 1000);
    expect(planBootImage({ ...generation, role: 'login' }, sampleManifest({ bootFiles })).id).toBe(plan.id);
    expect(planBootImage({ ...generation, commandLine: 'other' }, manifest).id).not.toBe(plan.id);
    const kernel = { ...bootFiles, 'kernel8.img': { sha256: 'b'.repeat(64), sizeBytes: 3000 } };
    expect(planBootImage(generation, sampleManifest({ bootFiles: kernel })).id).not.toBe(plan.id);
  });
});

describe('a boot.img that no board could load is refused:', () => {
  const refusal = (board: BoardName, more: Record<string, number>, without: readonly string[] = []) => {
    const sizes = Object.entries(more).map(([path, sizeBytes]) => [path, { sha256: 'a'.repeat(64), sizeBytes }]);
    const kept = Object.entries(bootFiles).filter(([path]) => !without.includes(path));
    const files = sampleManifest({ bootFiles: Object.fromEntries([...kept, ...sizes]) });
    return () => planBootImage({ ...generation, board }, files);
  };

  test.each<[string, () => unknown, string]>([
    ['a Pi 3', refusal('pi3', { 'fixup.dat': 1 }), 'a pi3 cannot boot signed'],
    ['127 MiB and more on a Pi 4', refusal('pi4', { initramfs8: 128 * 1024 * 1024 }), 'a pi4 loads at most 128 MiB'],
    ['160 MB and more on a Pi 5', refusal('pi5', { initramfs8: 160_000_000 }), 'a pi5 loads at most 153 MiB'],
    ['no start4.elf', refusal('pi4', {}, ['start4.elf']), 'lack start4.elf, which boot.img needs'],
  ])('%s', (_, plan, message) => {
    expect(plan).toThrow(ConfigError);
    expect(plan).toThrow(message);
  });

  test('not 140 MiB on a Pi 5', () => {
    expect(refusal('pi5', { initramfs8: 140 * 1024 * 1024 })).not.toThrow();
  });

  test.each(['login', 'node02'])('%s, a board that cannot, is told so before it boots', (name) => {
    const node = sampleNode(name);

    expect(canBootSigned(node.board)).toBe(false);
    expect(() => planGeneration(node, signedView())).toThrow(`${name} is a ${node.board}, which cannot boot signed`);
  });
});

describe('a generation of a signed role', () => {
  test('is marked, has no place for a token, and the same files on each node of the role and board', () => {
    const view = signedView();
    const one = planGeneration(sampleNode('node01', view), view);
    const other = planGeneration({ ...sampleNode('node01', view), name: 'node09', serial: undefined }, view);
    const idOf = (each: typeof one) => planBootImage(each, view.images.get('debian-lite')?.[0] ?? manifest).id;

    expect(one.boot).toBe('signed');
    expect(one.id).not.toBe(other.id);
    expect(idOf(one)).toBe(idOf(other));
  });

  test('of another role is the same as before', () => {
    expect(planGeneration(sampleNode('node01'), sampleView())).not.toHaveProperty('boot');
  });

  test.each(['{{node.name}}', '{{id}}', 'pi_image.token={{token}}'])('refuses %s in a template', (text) => {
    const view = signedView({ cmdlineTxt: text, configTxt: '' });

    expect(() => planGeneration(sampleNode('node01', view), view)).toThrow(/there is no variable \w+ here/);
  });

  test('sees the variables of cluster and role, not those of one node', () => {
    const view = signedView({ cmdlineTxt: '{{vars.slurmPartition}}', configTxt: '' });
    const node = { ...sampleNode('node01', view), vars: { slurmPartition: 'own' } };

    expect(planGeneration(node, view).commandLine).toBe('main');
  });
});

describe('the size of the file system', () => {
  const sizes = fc.array(fc.nat(300_000), { maxLength: 300 });

  test('holds its files with what FAT needs around them, and little more', () => {
    fc.assert(
      fc.property(sizes, (all) => {
        const files = all.map((sizeBytes, index) => ({ path: `overlays/some-overlay-${index}.dtbo`, sizeBytes }));
        const layout = planFatLayout(files);
        const bytes = all.reduce((total, size) => total + Math.ceil(size / 512) * 512, 0);
        expect(layout.sizeBytes).toBeGreaterThan(bytes);
        expect(layout.sizeBytes % 1024).toBe(0);
        expect(layout.sizeBytes).toBeLessThan(bytes * 1.02 + (layout.width === 16 ? 2_400_000 : 34_000_000));
      }),
    );
  });

  test.each([
    [1, 16],
    [30 * 1024 * 1024, 16],
    [33 * 1024 * 1024, 32],
  ])('of %i bytes is a FAT%i', (sizeBytes, width) => {
    expect(planFatLayout([{ path: 'kernel8.img', sizeBytes }]).width).toBe(width);
  });
});
