/** pi-image image catalog against a list on loopback. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runHere } from '../support/command-line.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';

const image = (name: string, folder: string) => ({
  name,
  description: 'for a card',
  url: `https://downloads.test/${folder}/images/x.img.xz`,
  release_date: '2025-10-01',
  extract_size: 2_900_000_000,
  image_download_size: 487_000_000,
  image_download_sha256: 'a'.repeat(64),
});

let server: FileServer;
let catalog: string[];
beforeEach(async () => {
  const list = [
    image('Raspberry Pi OS (64-bit)', 'raspios_arm64'),
    { name: 'Raspberry Pi OS (other)', subitems_url: 'other.json' },
  ];
  // It names the first again: nobody asks in a circle.
  const other = [
    image('Raspberry Pi OS Lite (64-bit)', 'raspios_lite_arm64'),
    { ...list[1], subitems_url: '/v4.json' },
  ];
  server = await startFileServer({
    '/v4.json': Buffer.from(JSON.stringify({ os_list: list })),
    '/other.json': Buffer.from(JSON.stringify({ os_list: other })),
    '/text': Buffer.from('hello'),
    '/odd.json': Buffer.from('{"os_list":[{"url":1}]}'),
  });
  catalog = ['image', 'catalog', '--catalog', `${server.url}/v4.json`];
});
afterEach(() => server.close());

test('shows what there is, with sizes and dates', async () => {
  const { out } = await runHere(catalog);
  expect(out).toBe(
    'NAME                           RELEASED    DOWNLOAD  CARD\n' +
      'Raspberry Pi OS (64-bit)       2025-10-01  487 MB    2900 MB\n' +
      'Raspberry Pi OS Lite (64-bit)  2025-10-01  487 MB    2900 MB\n',
  );
  expect(server.asked).toEqual(['GET /v4.json', 'GET /other.json']);
});

test('as JSON has the address and the digest', async () => {
  const { out } = await runHere([...catalog, '-o', 'json']);
  expect(JSON.parse(out)).toContainEqual({
    name: 'Raspberry Pi OS Lite (64-bit)',
    description: 'for a card',
    releaseDate: '2025-10-01',
    url: 'https://downloads.test/raspios_lite_arm64/images/x.img.xz',
    sha256: 'a'.repeat(64),
    downloadBytes: 487_000_000,
    cardBytes: 2_900_000_000,
  });
});

test.each([
  ['/none', 'because: the server answered 404'],
  ['/text', 'is not JSON'],
  ['/odd.json', 'is not as expected: os_list.0.name: is missing'],
])('%s is an error for people', async (path, says) => {
  const { err, code } = await runHere(['image', 'catalog', '--catalog', server.url + path]);
  expect(err.replaceAll('\n', ' ')).toContain(says);
  expect(code).toBe(1);
});
