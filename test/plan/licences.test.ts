import { expect, test } from 'vitest';

import { licenceOf, parseLicences } from '../../src/plan/licences.ts';

const format = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\n';

test('names of a machine-readable file are told once each', () => {
  const text = `${format}Files: *\nLicense: GPL-2+\n\nFiles: a\nLicense: Expat\n\nLicense: GPL-2+\n On Debian systems\n License: no field\n`;
  expect(parseLicences(text)).toEqual(['Expat', 'GPL-2+']);
});

test.each([
  ['a text for people', 'This package was debianized by me.\nLicense: GPL\n'],
  ['nothing', ''],
])('%s names none', (_name, text) => {
  expect(parseLicences(text)).toEqual([]);
});

test.each([
  ['GPL-2+', { id: 'GPL-2.0-or-later' }],
  ['GPL-3', { id: 'GPL-3.0-only' }],
  ['LGPL-2.1+', { id: 'LGPL-2.1-or-later' }],
  ['AGPL-3', { id: 'AGPL-3.0-only' }],
  ['Expat', { id: 'MIT' }],
  ['ISC', { id: 'ISC' }],
  ['BSD-3-clause', { id: 'BSD-3-Clause' }],
  ['Artistic or GPL-1+', { name: 'Artistic or GPL-1+' }],
  ['GPL-3+ with Bison exception', { name: 'GPL-3+ with Bison exception' }],
  ['constructor', { name: 'constructor' }],
])('%s is %j', (shortName, licence) => {
  expect(licenceOf(shortName)).toEqual(licence);
});
