import { describe, expect, test } from 'vitest';

import { OsList, type OsListItem } from '../../src/model/os-list.ts';
import { catalogImages, chooseFromCatalog, subLists } from '../../src/plan/os-list.ts';

const image = (name: string, folder: string, more: Partial<OsListItem> = {}): OsListItem => ({
  name,
  description: `about ${name}`,
  url: `https://downloads.test/${folder}/images/x/2025-10-01-x.img.xz`,
  release_date: '2025-10-01',
  extract_size: 2_900_000_000,
  image_download_size: 500_000_000,
  image_download_sha256: 'A'.repeat(64),
  ...more,
});

/** As the official list is built: some at the top, more in a group, everything of others behind addresses. */
const list: OsListItem[] = [
  image('Raspberry Pi OS (64-bit)', 'raspios_arm64'),
  image('Raspberry Pi OS (32-bit)', 'raspios_armhf'),
  {
    name: 'Raspberry Pi OS (other)',
    subitems: [
      image('Raspberry Pi OS Lite (64-bit)', 'raspios_lite_arm64'),
      image('Raspberry Pi OS Lite (Legacy, 64-bit)', 'raspios_oldstable_lite_arm64', {
        image_download_sha256: 'b'.repeat(64),
      }),
      image('Raspberry Pi OS Full (64-bit)', 'raspios_full_arm64', { image_download_sha256: '' }),
      image('Raspberry Pi OS of somebody (64-bit)', 'somebody/arm64'),
      image('Raspberry Pi OS zipped (64-bit)', 'raspios_arm64', { url: 'https://downloads.test/raspios_arm64/x.zip' }),
    ],
    subitems_url: 'https://downloads.test/more.json',
  },
  { name: 'Other general-purpose OS', subitems_url: 'https://elsewhere.test/other.json' },
  { name: 'More Raspberry Pi OS', subitems_url: '/sub/list.json' },
];

describe('the catalog', () => {
  const images = catalogImages(list);

  test('has 64-bit Raspberry Pi OS that can be checked, and nothing else', () => {
    expect(images.map(({ name }) => name)).toEqual([
      'Raspberry Pi OS (64-bit)',
      'Raspberry Pi OS Lite (64-bit)',
      'Raspberry Pi OS Lite (Legacy, 64-bit)',
    ]);
    expect(images[1]).toEqual({
      name: 'Raspberry Pi OS Lite (64-bit)',
      description: 'about Raspberry Pi OS Lite (64-bit)',
      releaseDate: '2025-10-01',
      url: 'https://downloads.test/raspios_lite_arm64/images/x/2025-10-01-x.img.xz',
      sha256: 'a'.repeat(64),
      downloadBytes: 500_000_000,
      cardBytes: 2_900_000_000,
    });
  });

  test('goes on in the lists of Raspberry Pi OS alone', () => {
    expect(subLists(list, 'https://downloads.test/v4.json')).toEqual([
      'https://downloads.test/more.json',
      'https://downloads.test/sub/list.json',
    ]);
  });

  test.each([
    ['https://a.test/list.json', ['https://a.test/more.json', 'https://other.test/x.json']],
    ['http://a.test/list.json', ['http://a.test/more.json', 'http://b.test/x.json', 'https://other.test/x.json']],
  ])('that came over TLS leads to lists over TLS alone: %s', (address, wanted) => {
    const addresses = [
      'more.json',
      'http://b.test/x.json',
      'https://other.test/x.json',
      'file:///etc/shadow',
      'data:application/json,{}',
      'ftp://b.test/x.json',
      'http://',
    ];
    const items = addresses.map((subitems_url) => ({ name: 'Raspberry Pi OS (other)', subitems_url }));

    expect(subLists(items, address)).toEqual(wanted);
  });

  test('takes one by name', () => {
    expect(chooseFromCatalog(images, 'Raspberry Pi OS Lite (64-bit)').sha256).toBe('a'.repeat(64));
  });

  test.each([
    [
      'Raspberry Pi OS Light (64-bit)',
      undefined,
      'has no image "Raspberry Pi OS Light (64-bit)"; did you mean Raspberry Pi OS Lite (64-bit)?',
    ],
    ['Raspberry Pi OS Lite (64-bit)', 'c'.repeat(64), `is another image by now: its sha256 is ${'a'.repeat(64)}`],
  ])('%s (%s) is refused', (name, sha256, says) => {
    expect(() => chooseFromCatalog(images, name, sha256)).toThrow(says);
  });

  test('says which there are where several have one name, and takes the one of a sha256', () => {
    const name = 'Raspberry Pi OS Lite (64-bit)';
    const older = image(name, 'raspios_oldstable_lite_arm64', { image_download_sha256: 'd'.repeat(64) });
    const both = catalogImages([...list, older]);

    expect(() => chooseFromCatalog(both, name)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /has 2 images "Raspberry Pi OS Lite .*raspios_lite_arm64.*\n.*sha256 d{64}$/s,
        ) as string,
        hint: expect.stringContaining('sha256') as string,
      }),
    );
    expect(chooseFromCatalog(both, name, 'd'.repeat(64)).url).toBe(older.url);
  });

  test('may list the same file twice', () => {
    expect(chooseFromCatalog([...images, ...images], 'Raspberry Pi OS Lite (64-bit)')).toBe(images[1]);
  });
});

test('keys that nobody told us of do no harm', () => {
  const text = JSON.stringify({
    imager: { latest_version: '2.0' },
    os_list: [{ ...list[0], icon: 'x', init_format: 'cloudinit', capabilities: [] }],
  });
  expect(OsList.parse(JSON.parse(text)).os_list[0]?.name).toBe('Raspberry Pi OS (64-bit)');
});
