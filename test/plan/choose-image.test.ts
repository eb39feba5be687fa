import { expect, test } from 'vitest';

import { chooseImage } from '../../src/plan/choose-image.ts';
import { sampleManifest } from '../support/sample-view.ts';

const images = new Map([
  ['debian-lite', [sampleManifest({ version: '20261121.2' }), sampleManifest({ version: '20261120.1' })]],
  ['pios-lite', []],
]);

test.each([
  ['debian-lite', '20261121.2'],
  ['debian-lite@20261120.1', '20261120.1'],
])('%s is version %s', (reference, version) => {
  expect(chooseImage(reference, images)).toMatchObject({ name: 'debian-lite', version });
});

test.each([
  ['pios-lite', 'there is no version of the image pios-lite', 'Run "pi-image build pios-lite".'],
  ['debian-lit', 'there is no version of the image debian-lit', 'Did you mean debian-lite?'],
  [
    'debian-lite@20261119.1',
    'the image debian-lite has no version 20261119.1; did you mean 20261120.1?',
    'There are: 20261121.2, 20261120.1.',
  ],
])('%s is refused', (reference, message, hint) => {
  expect(() => chooseImage(reference, images)).toThrow(expect.objectContaining({ message, hint }));
});
