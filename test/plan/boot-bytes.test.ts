import { expect, test } from 'vitest';

import { bootBytes, bootKind } from '../../src/plan/boot-bytes.ts';
import { sampleCluster, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

test('a boot loads firmware, kernel, initramfs and one device tree', () => {
  const bytes = bootBytes(sampleView());

  expect(bytes.get(bootKind(sampleNode('node01')))).toBe(3000);
  expect(bytes.get('compute pi4')).toBe(5000);
  expect(bytes.get('login uefi')).toBe(2000);
});

test('what cannot boot is not counted', () => {
  const roles = { compute: { image: 'debian-lite' }, other: { image: 'absent' } };
  const view = { cluster: sampleCluster({ roles, slurm: undefined }), images: sampleView().images };

  expect([...bootBytes(view).keys()].some((kind) => kind.startsWith('other'))).toBe(false);
  const images = new Map([['debian-lite', [sampleManifest({ boards: ['pi4'] })]]]);
  expect([...bootBytes({ ...view, images }).keys()]).toEqual(['compute pi4']);
});

test('it is the same object until cluster or images are others', () => {
  const view = sampleView();

  expect(bootBytes({ ...view })).toBe(bootBytes(view));
  expect(bootBytes({ ...view, images: new Map(view.images) })).not.toBe(bootBytes(view));
});
