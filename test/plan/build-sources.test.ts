import { describe, expect, test } from 'vitest';

import { ImageSpec } from '../../src/model/image-spec.ts';
import type { ArchiveSource } from '../../src/model/package-lock.ts';
import { planRequests } from '../../src/plan/build-packages.ts';
import {
  findDebianMirrors,
  planBaseSources,
  planSources,
  renderImageSources,
  renderSourcesList,
  type SourceOverrides,
} from '../../src/plan/build-sources.ts';

const debian12 = [
  'http://mirror.test/debian/|bookworm|Debian|main',
  'http://mirror.test/debian/|bookworm-updates|Debian|main',
  'http://mirror.test/debian-security/|bookworm-security|Debian|main',
  'https://vendor.test/node_20.x/|nodistro|vendor|main',
  '',
].join('\n');

/** Raspberry Pi OS before the first update: nobody knows who is who, and both archives have a suite of one name. */
const freshPi = [
  'http://vendor.test/debian/|trixie||main',
  'http://mirror.test/debian/|trixie||main',
  'http://mirror.test/debian/|trixie-updates||main',
  'http://mirror.test/debian-security/|trixie-security||main',
].join('\n');

const none = { mirrors: {}, keyrings: {} };

describe('the mirror of the machine', () => {
  test.each([
    ['Debian 12', debian12],
    ['Raspberry Pi OS before its first update', freshPi],
  ])('is found on %s', (_name, targets) => {
    expect(findDebianMirrors(targets)).toEqual({
      debian: 'http://mirror.test/debian/',
      security: 'http://mirror.test/debian-security/',
    });
  });

  test('is another one when the command line names it', () => {
    const mirrors = { debian: 'http://a.test/', 'debian-security': 'http://b.test/' };
    expect(findDebianMirrors('', mirrors)).toEqual({ debian: 'http://a.test/', security: 'http://b.test/' });
  });

  test.each([
    ['nothing', '', /no mirror of Debian$/],
    [
      'another distribution',
      'http://mirror.test/ubuntu/|noble|Ubuntu|main\nhttp://mirror.test/ubuntu/|noble-updates|Ubuntu|main',
      /no mirror of Debian$/,
    ],
    ['no security fixes', debian12.replace(/.*security.*\n/, ''), /security fixes$/],
  ])('is an error with a cure on a machine that names %s', (_name, targets, message) => {
    expect(() => findDebianMirrors(targets)).toThrow(message);
    expect(() => findDebianMirrors(targets)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--mirror debian') as string }),
    );
  });
});

const spec = (sources: string[], boards: string[], more: object = {}) =>
  ImageSpec.parse({ base: { apt: { suite: 'trixie', sources } }, boards, ...more });

function sourcesOf(image: ImageSpec, indexTargets: string, overrides: SourceOverrides) {
  if (!('apt' in image.base)) throw new Error('not made of packages');
  return planSources(image.base.apt, image, { indexTargets, overrides });
}

test.each([
  [['debian'], ['pi3', 'pi4'], ['linux-image-arm64', 'raspi-firmware'], false],
  [['debian'], ['pi5'], ['linux-image-arm64/trixie-backports', 'raspi-firmware'], true],
  [['debian'], ['uefi'], ['linux-image-arm64'], false],
  [
    ['debian', 'raspberrypi'],
    ['pi4', 'pi5'],
    ['linux-image-rpi-v8', 'linux-image-rpi-2712', 'raspi-firmware', 'raspberrypi-archive-keyring'],
    false,
  ],
  [['debian', 'raspberrypi'], ['pi4'], ['linux-image-rpi-v8', 'raspi-firmware', 'raspberrypi-archive-keyring'], false],
])('%s for %s takes its kernel and firmware from the right place', (sources, boards, packages, hasBackports) => {
  const image = spec(sources, boards);
  const asked = planRequests(image)[0]?.packages ?? [];
  expect(asked.filter((name) => /^linux-image|firmware|keyring/.test(name))).toEqual(packages);
  expect(renderSourcesList(sourcesOf(image, debian12, none)).includes('trixie-backports')).toBe(hasBackports);
});

test('security fixes are always among the sources', () => {
  const lines = renderSourcesList(sourcesOf(spec(['debian'], ['pi4']), debian12, none))
    .trim()
    .split('\n');
  const signed = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  expect(lines).toEqual([
    `${signed} http://mirror.test/debian/ trixie main non-free-firmware`,
    `${signed} http://mirror.test/debian/ trixie-updates main non-free-firmware`,
    `${signed} http://mirror.test/debian-security/ trixie-security main non-free-firmware`,
  ]);
});

test("the Raspberry Pi archive's address and key can be given", () => {
  const overrides = { mirrors: { raspberrypi: 'http://copy.test/pi/' }, keyrings: { raspberrypi: '/root/pi.gpg' } };
  const [source] = sourcesOf(spec(['raspberrypi'], ['pi4']), '', overrides);
  expect(source).toEqual({
    source: 'raspberrypi',
    uri: 'http://copy.test/pi/',
    suites: ['trixie'],
    components: ['main'],
    keyring: '/root/pi.gpg',
  });
});

test.each(['http://me:secret@mirror.test/debian/', 'https://token@mirror.test/debian/'])(
  'an address with a password is refused: %s would lie in the lock and in the image',
  (address) => {
    const overrides = { mirrors: { debian: address, 'debian-security': 'http://b.test/' }, keyrings: {} };
    expect(() => sourcesOf(spec(['debian'], ['pi4']), '', overrides)).toThrow(
      expect.objectContaining({
        message: 'the address of the debian archive has a user or a password in it',
        hint: expect.stringContaining('/etc/apt/auth.conf.d/') as string,
      }),
    );
  },
);

describe('archives that a base brings along', () => {
  const pgp = 'image:/usr/share/keyrings/debian-archive-keyring.pgp';
  const rest = { suites: ['trixie'], components: ['main'] };
  const debian: ArchiveSource = { ...rest, source: 'debian', uri: 'http://debian.test/', keyring: pgp };
  const security = { ...debian, suites: ['trixie-security'], uri: 'http://security.test/' };
  const vendor = { ...debian, keyring: 'image:/etc/apt/keyrings/own.gpg', uri: 'http://own.test/' };
  const pi: ArchiveSource = { ...rest, source: 'raspberrypi', uri: 'http://pi.test/', keyring: 'image:/pi.pgp' };

  test.each([
    ['nothing', none, []],
    ['--mirror raspberrypi', { ...none, mirrors: { raspberrypi: 'http://copy.test/' } }, ['copy.test/ image:/pi.pgp']],
    ['--mirror debian', { ...none, mirrors: { debian: 'http://copy.test/' } }, [`copy.test/ ${pgp}`]],
    [
      '--mirror debian-security',
      { ...none, mirrors: { 'debian-security': 'http://copy.test/' } },
      [`copy.test/ ${pgp}`],
    ],
    ['--keyring raspberrypi', { ...none, keyrings: { raspberrypi: '/pi.gpg' } }, ['pi.test/ /pi.gpg']],
    [
      '--keyring debian',
      { ...none, keyrings: { debian: '/both.gpg' } },
      ['debian.test/ /both.gpg', 'security.test/ /both.gpg'],
    ],
  ])('are others with %s where the name is theirs, and others stay', (_name, overrides, changed) => {
    const all = [debian, security, vendor, pi];
    const others = planBaseSources(all, overrides).filter((each, index) => {
      const { uri, keyring } = all[index] ?? each;
      return each.uri !== uri || each.keyring !== keyring;
    });
    expect(others.map(({ uri, keyring }) => `${uri.replace('http://', '')} ${keyring}`)).toEqual(changed);
  });

  test.each(['http://ada:geheim@host.test/debian/', 'HTTPS://token@host.test/debian/'])(
    'are refused with a password in the address: %s',
    (uri) => {
      expect(() => planBaseSources([pi, { ...vendor, uri }], none)).toThrow(
        'the address of the debian archive has a user or a password in it',
      );
    },
  );
});

test('apt on a node finds the same archives, with the keys of the image', () => {
  const overrides = { mirrors: {}, keyrings: { raspberrypi: '/root/pi.gpg' } };
  const text = renderImageSources(sourcesOf(spec(['debian', 'raspberrypi'], ['pi4']), debian12, overrides));
  expect(text.match(/^URIs: .*$/gm)).toEqual([
    'URIs: http://mirror.test/debian/',
    'URIs: http://mirror.test/debian-security/',
    'URIs: https://archive.raspberrypi.com/debian/',
  ]);
  expect(text).not.toContain('/root/pi.gpg');
});
