import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { OciDescriptor } from '../../src/model/oci.ts';
import {
  chooseManifest,
  cleanPath,
  parseRegistryPlace,
  parseTarName,
  planRemovals,
  tokenAddress,
} from '../../src/plan/oci.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const manifest = (letter: string, platform?: string): OciDescriptor => {
  const [os = '', architecture = '', variant] = platform?.split('/') ?? [];
  const named = { os, architecture, ...(variant !== undefined && { variant }) };
  return { mediaType: '', digest: digest(letter), ...(platform !== undefined && { platform: named }) };
};

describe('the image for us', () => {
  test.each<[string, OciDescriptor[], string]>([
    ['the only one', [manifest('a')], 'a'],
    ['among others', [manifest('a', 'linux/amd64'), manifest('b', 'linux/arm64'), manifest('c', 'linux/arm/v7')], 'b'],
    ['with its variant', [manifest('a', 'linux/arm64/v8')], 'a'],
    ['before one that does not say', [manifest('a'), manifest('b', 'linux/arm64')], 'b'],
    ['named twice', [manifest('a', 'linux/arm64'), manifest('a', 'linux/arm64')], 'a'],
  ])('%s', (_what, manifests, letter) => {
    expect(chooseManifest(manifests, 'x').digest).toBe(digest(letter));
  });

  test.each<[OciDescriptor[], string]>([
    [[], 'x has no image for arm64, only for nothing'],
    [[manifest('a', 'linux/amd64'), manifest('b', 'windows/arm64')], 'only for linux/amd64, windows/arm64'],
    [[manifest('a', 'linux/arm64'), manifest('b', 'linux/arm64')], 'x holds 2 images for arm64'],
  ])('%j is refused', (manifests, says) => {
    expect(() => chooseManifest(manifests, 'x')).toThrow(says);
  });
});

test.each([
  [`ghcr.io/owner/name@${digest('a')}`, 'https://ghcr.io/v2/owner/name'],
  [`ghcr.io/owner/name:1.2-rc@${digest('a')}`, 'https://ghcr.io/v2/owner/name'],
  [`docker.io/debian:trixie@${digest('a')}`, 'https://registry-1.docker.io/v2/library/debian'],
  [`docker.io/arm64v8/debian@${digest('a')}`, 'https://registry-1.docker.io/v2/arm64v8/debian'],
  [`localhost:5000/x@${digest('a')}`, 'http://localhost:5000/v2/x'],
  [`127.0.0.1:5000/x/y@${digest('a')}`, 'http://127.0.0.1:5000/v2/x/y'],
  [`localhost.example:5000/x@${digest('a')}`, 'https://localhost.example:5000/v2/x'],
])('%s lies at %s', (reference, url) => {
  expect(parseRegistryPlace(reference)).toMatchObject({ url, digest: digest('a') });
});

test.each([
  [
    'Bearer realm="https://auth.test/token",service="s",scope="repository:a/b:pull"',
    'https://auth.test/token?service=s&scope=repository%3Aa%2Fb%3Apull',
  ],
  ['bearer realm="https://auth.test/token"', 'https://auth.test/token'],
  ['Basic realm="x"', undefined],
  ['Bearer service="s"', undefined],
  ['Bearer realm="not an address"', undefined],
  ['', undefined],
])('a token for %j is asked for at %s', (challenge, address) => {
  expect(tokenAddress(challenge)).toBe(address);
});

describe('what a layer takes away', () => {
  const entries = (...paths: string[]) => paths.map((path) => ({ path, isFolder: path.endsWith('/') }));

  test.each<[string[], string[], boolean]>([
    [['./etc/', './etc/.wh.passwd'], ['etc/passwd'], false],
    [['.wh.opt'], ['opt'], false],
    [['var/lib/x/.wh..wh..opq', 'var/lib/x/new'], ['var/lib/x'], false],
    [['.wh..wh..opq'], [], true],
    [['.wh..wh.aufs', '.wh..wh.plnk/'], [], false],
    [['.wh...', '.wh..', '.wh.', 'a/.wh...'], [], false],
    [['usr/bin/a.wh.b'], [], false],
  ])('%j: %j', (paths, removed, everything) => {
    expect(planRemovals(entries(...paths))).toEqual({ paths: removed, everything });
  });

  test('lies inside of the image, whatever a layer names', () => {
    const parts = fc.array(fc.constantFrom('..', '.', '', 'a', '.wh.', '.wh...', '.wh.a', '.wh..wh..opq'), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(parts, (names) => {
        let removals: readonly string[] = [];
        try {
          removals = planRemovals(entries(names.join('/'))).paths;
        } catch {
          expect(names).toContain('..');
        }
        for (const removal of removals) expect(removal.split('/')).not.toContain('..');
        for (const removal of removals) expect(removal).not.toMatch(/^\/|^$|^\.$/);
      }),
    );
  });
});

test.each([
  ['./usr/bin/', 'usr/bin'],
  ['/etc//x', 'etc/x'],
  ['.', ''],
])('%j is %j', (path, clean) => {
  expect(cleanPath(path)).toBe(clean);
});

test.each([
  ['usr/bin/', 'usr/bin/', true],
  ['a\\nb', 'a\nb', false],
  ['a\\\\n', 'a\\n', false],
  ['\\303\\274', 'ü', false],
  [' a', ' a', false],
  ['a\\177', 'a\u007f', false],
])('tar says %j for %j', (line, path, isFolder) => {
  expect(parseTarName(line)).toEqual({ path, isFolder });
});
