import { describe, expect, test } from 'vitest';

import type { NativePackage } from '../../src/model/native-programs.ts';
import type { ArchiveSource } from '../../src/model/package-lock.ts';
import {
  chooseNative,
  isSameSource,
  mayBeNative,
  nativeCandidates,
  nativeSources,
} from '../../src/plan/native-programs.ts';

const arm64 = (name: string, version = '1.0-1') => ({ name, version, architecture: 'arm64' });

describe('which packages have programs that can stand in', () => {
  test('tools of package scripts, and compiled modules of Perl', () => {
    const packages = [arm64('sed'), arm64('slurmd'), arm64('libtext-charwidth-perl'), arm64('coreutils')];
    expect(nativeCandidates(packages).map(({ name }) => name)).toEqual(['coreutils', 'libtext-charwidth-perl', 'sed']);
  });

  test('not what has no architecture', () => {
    expect(nativeCandidates([{ ...arm64('sed'), architecture: 'all' }])).toEqual([]);
  });

  test.each(['usr/bin/uname', 'usr/sbin/ldconfig', 'usr/bin/lscpu', 'usr/sbin/chroot'])(
    '%s tells of the processor, and stays emulated',
    (file) => expect(mayBeNative(file)).toBe(false),
  );

  test('usr/bin/sed does not', () => expect(mayBeNative('usr/bin/sed')).toBe(true));
});

test.each([
  ['1:2.75-10+b3', '1:2.75-10+b1', true],
  ['1:2.75-10+b3', '1:2.75-10', true],
  ['2.75-10+deb13u1', '2.75-10', false],
  ['2.75-10+rpt1', '2.75-10', false],
])('%s and %s are builds of the same source: %s', (one, other, expected) =>
  expect(isSameSource(one, other)).toBe(expected),
);

test('they come from Debian’s archives alone, by the key that this machine has', () => {
  const debian = { source: 'debian' as const, uri: 'http://deb.example/', suites: ['trixie'] };
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const sources: ArchiveSource[] = [
    { ...debian, components: ['main', 'non-free-firmware'], keyring: '/etc/my.gpg' },
    { ...debian, components: ['main'], keyring: `image:${keyring}` },
    { ...debian, components: ['stable'], keyring: 'image:/etc/apt/keyrings/other.asc' },
    { ...debian, source: 'raspberrypi', components: ['main'], keyring: '/usr/share/keyrings/raspberrypi.pgp' },
  ];
  expect(nativeSources(sources)).toEqual([
    { ...debian, components: ['main'], keyring: '/etc/my.gpg' },
    { ...debian, components: ['main'], keyring },
  ]);
});

describe('which programs stand in', () => {
  const program = (path: string, file = path) => ({ path, file });
  const native: NativePackage[] = [
    { name: 'sed', version: '4.9-2', programs: [program('usr/bin/sed')] },
    {
      name: 'kmod',
      version: '34-1+b1',
      programs: [program('usr/bin/kmod'), program('usr/sbin/depmod', 'usr/bin/kmod'), program('usr/lib/systemd/x')],
    },
  ];

  test('those of installed packages are laid over them, those of coming ones are offered in PATH', () => {
    const choice = chooseNative(native, { installed: [arm64('sed', '4.9-2')], coming: [arm64('kmod', '34-1')] });
    expect(choice).toEqual({
      laid: [program('usr/bin/sed')],
      offered: [program('usr/bin/kmod'), program('usr/sbin/depmod', 'usr/bin/kmod')],
    });
  });

  test('of another version none', () => {
    expect(chooseNative(native, { installed: [arm64('sed', '4.9-3')], coming: [] })).toEqual({ laid: [], offered: [] });
  });

  test('a package that is upgraded is not laid over', () => {
    const upgrade = { installed: [arm64('sed', '4.9-2')], coming: [arm64('sed', '4.9-2+deb13u1')] };
    expect(chooseNative(native, upgrade)).toEqual({ laid: [], offered: [] });
  });
});
