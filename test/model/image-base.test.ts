import { describe, expect, test } from 'vitest';

import { checkShape } from '../../src/model/check-shape.ts';
import { Base } from '../../src/model/image-base.ts';

const sha256 = 'a'.repeat(64);
const reference = `ghcr.io/owner/name:tag@sha256:${sha256}`;

test.each<[given: unknown, read: unknown]>([
  [{ apt: { suite: 'trixie' } }, { apt: { suite: 'trixie', sources: ['debian'], packages: [] } }],
  [{ image: { url: 'https://x.test/a.img.xz', sha256 } }, undefined],
  [{ image: { file: 'a.img' } }, undefined],
  [{ image: { file: '/a b/c.img.zst', sha256 } }, undefined],
  [{ image: { name: 'Raspberry Pi OS Lite (64-bit)' } }, undefined],
  [{ image: { name: 'x', catalog: 'http://x.test/l.json', sha256 } }, undefined],
  [{ root: '../root.tar.zst' }, undefined],
  [{ oci: { layout: 'x' } }, undefined],
  [{ oci: { archive: 'x.tar' } }, undefined],
  [{ oci: { registry: reference } }, undefined],
  [{ oci: { registry: `localhost:5000/x@sha256:${sha256}` } }, undefined],
])('%j is read', (given, read) => {
  expect(checkShape(Base, given)).toEqual({ kind: 'valid', value: read ?? given });
});

describe('is refused:', () => {
  test.each<[given: unknown, says: string]>([
    [{}, ': write one of: apt, image, root, oci'],
    [{ apt: { suite: 'trixie' }, root: 'x' }, ': write only one of: apt, root'],
    [{ apt: { suite: 'bullseye' } }, 'apt.suite: "bullseye" is not one of: trixie'],
    [{ apt: { suite: { name: 'trixie' } } }, 'apt.suite: a block of keys is not one of: trixie'],
    [{ image: {} }, 'image: write one of: url, file, name'],
    [{ image: { url: 'https://x.test/a.img', file: 'x' } }, 'image: write only one of: url, file'],
    [
      { image: { url: 'https://x.test/a.img' } },
      'image.sha256: is missing; what comes from an address is checked by it',
    ],
    [{ image: { url: 'https://me:secret@x.test/a.img', sha256 } }, 'without a user or password'],
    [{ image: { url: 'ftp://x.test/a.img', sha256 } }, 'image.url: "ftp://x.test/a.img" is not an address'],
    [{ image: { file: 'x', catalog: 'https://x.test/' } }, 'image.catalog: says where a name is looked up'],
    [{ image: { file: 'x', sha256: 'abc' } }, 'image.sha256: "abc" is not a sha256'],
    [{ oci: { registry: 'debian:trixie' } }, 'oci.registry: "debian:trixie" is not of the form host/name@sha256:…'],
    [{ oci: { registry: `ghcr.io/../x@sha256:${sha256}` } }, 'is not of the form'],
    [{ oci: {} }, 'oci: write one of: layout, archive, registry'],
    [{ iso: 'x' }, 'iso: unknown key "iso"'],
  ])('%j', (given, says) => {
    const shaped = checkShape(Base, given);
    const problems = shaped.kind === 'valid' ? [] : shaped.problems;
    expect(problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')).toContain(says);
  });
});
