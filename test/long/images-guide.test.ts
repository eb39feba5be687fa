/**
 * The first parts of docs/images.md with Debian's own archive: an image from zero, changed, and kept patched; and one that is
 * made of a card, which here is debian-lite with the official layout. Security fixes come from an archive of this test's own.
 * The rest of the page is test/peers/images-guide.test.ts. Needs root.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { listFiles } from '../../src/host/tree.ts';
import { debianKeyring } from '../../src/plan/build-sources.ts';
import { makeCardImage } from '../support/card-image.ts';
import { compile } from '../support/compiled.ts';
import { docsPage } from '../support/docs-blocks.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { guidePackage } from '../support/guide-root.ts';
import { guideCluster, startGuideService } from '../support/guide-service.ts';
import { GuideSite } from '../support/guide-site.ts';
import { GuideWalk } from '../support/guide-walk.ts';
import { buildImage, imageState } from '../support/pi-image.ts';
import type { ServedSite } from '../support/serve-site.ts';
import { makeSignedArchive, type SignedArchive } from '../support/signed-archive.ts';

const signal = AbortSignal.timeout(3 * 3_600_000);
const MiB = 1024 * 1024;
const cardPath = '/raspios_lite_arm64/images/raspios.img.zst';
const osName = 'Raspberry Pi OS Lite (64-bit)';
let site: GuideSite;
let server: FileServer;
let archive: SignedArchive;

beforeAll(async () => {
  await compile();
  await buildImage();
  site = new GuideSite(await mkdtemp('/var/tmp/images-guide-'));
  await site.open();
  const kept = ['debs', 'native'].map((folder) => path.join(imageState, folder));
  await run(['cp', '-a', '--reflink=auto', ...kept, site.state], { signal });
  archive = await makeSignedArchive(['trixie-security'], ['main', 'non-free-firmware'], []);
  const keys = await Promise.all([debianKeyring, archive.keyring].map((file) => readFile(file)));
  await writeFile(path.join(site.dir, 'srv/both.gpg'), Buffer.concat(keys));
  server = await startFileServer({});
  await serveCard();
});
afterAll(async () => {
  await archive.remove();
  await server.close();
  await site.close();
});

/** debian-lite on a card, with a package that the page removes, in the place of Raspberry Pi OS. */
async function serveCard(): Promise<void> {
  const versions = path.join(imageState, 'exports/images/debian-lite');
  const names = (await readdir(versions)).filter((name) => /^\d/.test(name));
  const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? '';
  const boot = path.join(versions, newest, 'boot');
  const files = (await listFiles(boot, [''])).filter((name) => !/^initramfs|\.efi$/.test(name));
  const bootFiles = Object.fromEntries(files.map((name) => [name, { source: path.join(boot, name) }]));
  const content = { root: path.join(versions, newest, 'root'), rootBytes: 1200 * MiB, bootFiles, bootBytes: 128 * MiB };
  const dir = path.join(site.dir, 'srv');
  const card = await makeCardImage(dir, content, signal);
  await run(['zstd', '-q', '-1', '-T0', '--rm', card], { signal });
  const packed = await readFile(`${card}.zst`);
  await rm(`${card}.zst`);
  const image_download_sha256 = createHash('sha256').update(packed).digest('hex');
  const entry = { name: osName, url: `${server.url}${cardPath}`, image_download_sha256 };
  server.files.set(cardPath, packed);
  server.files.set('/os_list.json', Buffer.from(JSON.stringify({ os_list: [entry] })));
}

test('an image from zero, an official one, and how they are kept patched', async () => {
  const catalog = `${server.url}/os_list.json`;
  const blocks = await docsPage('images.md');
  let service: ServedSite | undefined;
  const reload = () => service?.site.reload() ?? Promise.resolve();
  const standIns = {
    'pi-image build mine': `pi-image build mine --mirror debian-security=${archive.url} --keyring debian=/srv/both.gpg`,
    [`name: '${osName}'`]: `name: '${osName}', catalog: '${catalog}'`,
    'pi-image image catalog': `pi-image image catalog --catalog ${catalog}`,
    // debian-lite has no debugger.
    'remove: [gdb]': 'remove: [nano]',
    // A node that is no board is well at once.
    'rollout start compute --wait': 'rollout start compute --soak 0s --wait',
  };
  const before = {
    'sudo pi-image node reboot @compute': async () => {
      service = await startGuideService(site);
    },
    'sudo pi-image image audit mine': async () => archive.publish([await guidePackage('tree', '2.2.1-1+deb13u1')]),
    'sudo pi-image rollout start compute --dry-run': reload,
  };
  const ends = { 'sudo pi-image image audit mine': 1 };
  const walk = new GuideWalk(site, { standIns, before, ends }, guideCluster);

  await walk.follow(
    blocks.slice(
      0,
      blocks.findIndex(({ heading }) => heading === 'Where an image begins'),
    ),
  );

  expect(walk.unused()).toEqual([]);
  expect(walk.typed.length).toBeGreaterThan(30);
});
