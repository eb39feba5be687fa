import { expect, test } from 'vitest';

import { keyringInImage, parseAptSources } from '../../src/plan/apt-sources.ts';

/** As Raspberry Pi OS has them, and as Debian's installer writes them. */
const raspiSources = `Types: deb
URIs: http://raspberrypi.test/debian/
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/raspberrypi-archive-keyring.pgp
`;
const debianSources = `# the mirror
Types: deb deb-src
URIs: http://debian.test/debian/
Suites: trixie trixie-updates
Components: main contrib
 non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: http://debian.test/debian-security/
Suites: trixie-security
Components: main

Types: deb-src
URIs: http://debian.test/source/
Suites: trixie
Components: main

Types: deb
URIs: http://switched.off.test/
Suites: trixie
Components: main
Enabled: no
`;
const oneLine = `deb http://debian.test/debian bookworm main contrib # the mirror
deb [arch=arm64 signed-by=/etc/apt/keyrings/own.gpg] https://own.test/apt stable main
#deb http://commented.test/ x main
deb-src http://debian.test/debian bookworm main
deb cdrom:[Debian] bookworm main
`;

const pgp = '/usr/share/keyrings/debian-archive-keyring.pgp';

test('stanzas and lines become sources with the keys that the base has', () => {
  const files = [
    { name: 'etc/apt/sources.list.d/raspi.sources', text: raspiSources },
    { name: 'etc/apt/sources.list.d/debian.sources', text: debianSources },
  ];
  expect(parseAptSources(files, (file) => file === pgp)).toEqual([
    {
      source: 'raspberrypi',
      uri: 'http://raspberrypi.test/debian/',
      suites: ['trixie'],
      components: ['main'],
      keyring: 'image:/usr/share/keyrings/raspberrypi-archive-keyring.pgp',
    },
    {
      source: 'debian',
      uri: 'http://debian.test/debian/',
      suites: ['trixie', 'trixie-updates'],
      components: ['main', 'contrib', 'non-free-firmware'],
      keyring: `image:${pgp}`,
    },
    {
      source: 'debian',
      uri: 'http://debian.test/debian-security/',
      suites: ['trixie-security'],
      components: ['main'],
      keyring: `image:${pgp}`,
    },
  ]);
});

test('lines of sources.list are read with their options', () => {
  const sources = parseAptSources([{ name: 'etc/apt/sources.list', text: oneLine }], (file) => file === pgp);
  expect(sources.map(({ uri, suites, components, keyring }) => [uri, suites, components, keyring])).toEqual([
    ['http://debian.test/debian', ['bookworm'], ['main', 'contrib'], `image:${pgp}`],
    ['https://own.test/apt', ['stable'], ['main'], 'image:/etc/apt/keyrings/own.gpg'],
  ]);
});

test('an archive whose key is not there is none', () => {
  expect(parseAptSources([{ name: 'x.list', text: 'deb http://debian.test/debian x main\n' }], () => false)).toEqual(
    [],
  );
});

test('a key of the base is told from one of this machine', () => {
  expect(keyringInImage('image:/usr/share/a.pgp')).toBe('/usr/share/a.pgp');
  expect(keyringInImage('/usr/share/a.pgp')).toBeUndefined();
});
