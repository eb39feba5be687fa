import { expect, test } from 'vitest';

import { holdPinned, pinnedNames, planUpdates } from '../../src/plan/updates.ts';
import { samplePackage } from '../support/sample-lock.ts';

const request = '0'.repeat(64);
const names = ['libc6', 'openssl', 'munge', 'nano', 'less', 'slurmd', 'ssh', 'perl', 'grep', 'sed'];
const base = { name: 'base', request, packages: names.map((name) => samplePackage(name)) };

test('few newer packages become a layer', () => {
  const openssl = samplePackage('openssl', '2');
  const updates = planUpdates([base], [openssl]);
  expect(updates).toMatchObject({ kind: 'layer', layer: { name: 'updates', packages: [openssl] } });
  expect(updates).not.toHaveProperty('layer.removes');
  expect(planUpdates([base], [])).toEqual({ kind: 'none' });
});

test.each([
  [3, 'layer'],
  [4, 'anew'],
])('%i of 10 packages: %s', (count, kind) => {
  const newer = names.slice(0, count).map((name) => samplePackage(name, '2'));
  expect(planUpdates([base], newer).kind).toBe(kind);
});

test('a base that cannot be made anew gets a layer, however many they are', () => {
  const status = 'Package: libc6\nStatus: install ok installed\nVersion: 1\nArchitecture: arm64\n';
  expect(planUpdates([{ name: 'base', request, packages: [] }], [samplePackage('libc6', '2')], status).kind).toBe(
    'layer',
  );
});

test("a newer kernel takes the older one's packages away, and no other", () => {
  const old = [
    'linux-image-6.12.57+deb13-arm64',
    'linux-modules-6.12.57+deb13-arm64',
    'linux-image-6.12.47+rpt-rpi-2712',
    'linux-image-arm64',
    'linux-base',
  ];
  const kernels = { name: 'base', request, packages: [...base.packages, ...old.map((name) => samplePackage(name))] };
  const newer = [samplePackage('linux-image-6.12.60+deb13-arm64'), samplePackage('linux-image-arm64', '2')];
  const updates = planUpdates([kernels], newer);
  expect(updates).toMatchObject({
    layer: { removes: ['linux-image-6.12.57+deb13-arm64', 'linux-modules-6.12.57+deb13-arm64'] },
  });
});

test('a version that image.yaml gives stays', () => {
  expect(pinnedNames([{ packages: ['libstdc++6=14.2', 'munge'] }, { packages: ['nano=8.4-1'] }])).toEqual([
    'libstdc++6',
    'nano',
  ]);
  const status = ['libstdc++6', 'libstdc', 'munge']
    .map((name) => `Package: ${name}\nSource: x\nStatus: install ok installed\nVersion: 1\n`)
    .join('\n');
  expect(holdPinned(status, ['libstdc++6']).match(/^Status: .*$/gm)).toEqual([
    'Status: hold ok installed',
    'Status: install ok installed',
    'Status: install ok installed',
  ]);
});
