import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import { type CpioEntry, encodeCpio } from '../../src/wire/cpio.ts';

const file = (path: string, text = ''): CpioEntry => ({ kind: 'file', path, mode: 0o644, bytes: Buffer.from(text) });

/** What a reader of the archive sees: one line per record, `mode path content`. */
function listing(archive: Uint8Array): string[] {
  const bytes = Buffer.from(archive);
  const lines: string[] = [];
  for (let at = 0; ;) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11) - 1;
    const name = bytes.toString('utf8', at + 110, nameEnd);
    if (name === 'TRAILER!!!') return lines;
    const contentAt = Math.ceil((nameEnd + 1) / 4) * 4;
    lines.push(`${field(1).toString(8)} ${name} ${bytes.toString('utf8', contentAt, contentAt + field(6))}`);
    at = Math.ceil((contentAt + field(6)) / 4) * 4;
  }
}

test('files, folders and links come out sorted, with the folders that nobody listed', () => {
  const archive = encodeCpio([
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    file('init', 'hello'),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: Buffer.from('elf') },
    { kind: 'directory', path: 'newroot', mode: 0o700 },
  ]);

  expect(listing(archive)).toEqual([
    '40755 bin ',
    '100755 bin/busybox elf',
    '120777 bin/sh busybox',
    '100644 init hello',
    '40700 newroot ',
  ]);
});

test('the first record is newc to the byte', () => {
  const archive = Buffer.from(encodeCpio([file('a', 'xy')]));

  expect(archive.toString('latin1', 0, 116)).toBe(
    '070701' + // magic
      '00000001' + // inode
      '000081a4' + // mode
      '00000000' + // uid
      '00000000' + // gid
      '00000001' + // links
      '00000000' + // date
      '00000002' + // size
      '00000000000000000000000000000000' + // devices
      '00000002' + // length of the name
      '00000000' + // checksum
      'a\0' +
      'xy\0\0',
  );
  expect(archive.byteLength % 512).toBe(0);
});

describe('a path that has no place in the archive is refused:', () => {
  test.each(['', '/init', 'a//b', 'a/', '../init', 'a/../b', './a', 'a\0b', 'TRAILER!!!'])('%j', (path) => {
    expect(() => encodeCpio([file(path)])).toThrow(WireError);
  });
  test('one that is listed twice', () => {
    expect(() => encodeCpio([file('a'), file('a')])).toThrow('"a" is twice in the archive');
  });
});

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `d/${parts.join('/')}.f`);
const contents = fc.uniqueArray(fc.tuple(path, fc.string()), { selector: ([at]) => at, maxLength: 12 });

test('every file is found again, and the order of entries changes no byte', () => {
  fc.assert(
    fc.property(contents, (pairs) => {
      const entries = pairs.map(([at, text]) => file(at, text));
      const archive = encodeCpio(entries);

      expect(
        listing(archive)
          .filter((line) => line.startsWith('100644'))
          .toSorted(),
      ).toEqual(pairs.map(([at, text]) => `100644 ${at} ${text}`).toSorted());
      expect(encodeCpio(entries.toReversed())).toEqual(archive);
    }),
  );
});

test.skipIf(!existsSync('/bin/busybox'))('busybox cpio reads it', () => {
  const archive = encodeCpio([file('etc/hostname', 'node01\n'), { kind: 'link', path: 'bin/sh', target: 'busybox' }]);

  const names = execFileSync('/bin/busybox', ['cpio', '-t'], { input: archive, stdio: ['pipe', 'pipe', 'ignore'] });

  expect(names.toString()).toBe('bin\nbin/sh\netc\netc/hostname\n');
});
