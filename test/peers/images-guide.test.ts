/**
 * docs/images.md, from its first block to its last: every command is typed as it stands there, by root where it says sudo and
 * by an ordinary user where it does not. What cannot be had here stands in the table. Needs root.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { compile } from '../support/compiled.ts';
import { docsPage } from '../support/docs-blocks.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { guidePackage, makeGuideRoots } from '../support/guide-root.ts';
import { guideCluster, startGuideService } from '../support/guide-service.ts';
import { GuideSite } from '../support/guide-site.ts';
import { GuideWalk, type GuideTable } from '../support/guide-walk.ts';
import { makeOciImage, startRegistry, writeDockerArchive, writeLayout, type Registry } from '../support/oci-image.ts';
import type { ServedSite } from '../support/serve-site.ts';
import { makeSignedArchive, type SignedArchive } from '../support/signed-archive.ts';

const minutesMs = 20 * 60_000;
const signal = AbortSignal.timeout(minutesMs);
const suites = ['trixie', 'trixie-updates', 'trixie-security'];
const osName = 'Raspberry Pi OS Lite (64-bit)';
const cardPath = '/raspios_lite_arm64/images/raspios.img.xz';

let site: GuideSite;
let archive: SignedArchive;
let server: FileServer;
let registry: Registry;
let standIns: Record<string, string>;

const versions = new Map([
  ...['openssh-server', 'nfs-common', 'munge', 'libcap2-bin', 'busybox-static'].map((name) => [name, '1.0-1'] as const),
  ['tree', '2.2.1-1'],
  ['slurmd', '24.11.5-1'],
]);
const packages = () => Promise.all([...versions].map(([name, version]) => guidePackage(name, version)));

/** The archive has it from now on. */
async function release(name: string, version: string): Promise<void> {
  versions.set(name, version);
  await archive.publish(await packages());
}

beforeAll(async () => {
  await compile();
  site = new GuideSite(await mkdtemp(path.join(tmpdir(), 'images-guide-')));
  await site.open();
  archive = await makeSignedArchive(suites, ['main'], await packages());
  const srv = path.join(site.dir, 'srv');
  const made = await makeGuideRoots(srv, archive);
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix', '-C', made.debian, '.'];
  await run(['tar', '--create', '--file', path.join(srv, 'debian.tar'), ...keep], { signal });
  await run(['zstd', '-q', '-1', path.join(srv, 'debian.tar'), '-o', path.join(srv, 'rootfs.tar.zst')], { signal });
  await run(['sh', '-euc', 'xz -dc "$1" > "$2"', 'sh', made.card, path.join(srv, 'x.img')], { signal });
  standIns = await serve(made.card, await readFile(path.join(srv, 'debian.tar')));
}, minutesMs);

afterAll(async () => {
  await site.close();
  await archive.remove();
  await server.close();
  await registry.close();
});

/** The card as the catalog has it, and a container image. @returns what stands in for where the page has them from */
async function serve(card: string, tar: Buffer): Promise<Record<string, string>> {
  const packed = await readFile(card);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  server = await startFileServer({ [cardPath]: packed });
  const entry = { name: osName, url: `${server.url}${cardPath}`, image_download_sha256: sha256 };
  server.files.set('/os_list.json', Buffer.from(JSON.stringify({ os_list: [entry] })));
  const layer = { tar, packed: tar, packing: 'tar' } as const;
  const image = makeOciImage([layer]);
  registry = await startRegistry(image);
  const beside = path.join(site.site, 'images/bases');
  await mkdir(beside, { recursive: true });
  await writeLayout(path.join(beside, 'folder'), image);
  await writeDockerArchive(path.join(beside, 'image.tar'), [layer], image, signal);
  const catalog = `${server.url}/os_list.json`;
  return {
    // Debian's archive: a root that has its packages already, and an archive for those of layers.
    '{ apt: { suite: trixie, sources: [debian] } }': '{ root: /srv/debian.tar }',
    [`name: '${osName}'`]: `name: '${osName}', catalog: '${catalog}'`,
    'pi-image image catalog': `pi-image image catalog --catalog ${catalog}`,
    'url: https://…/x.img.xz, sha256: …': `url: '${server.url}${cardPath}', sha256: ${sha256}`,
    'ghcr.io/owner/name@sha256:…': `${registry.host}/demo/pi@sha256:${image.indexDigest}`,
    // A node that is no board is well at once.
    'rollout start compute --wait': 'rollout start compute --soak 0s --wait',
  };
}

test(
  'the page does what it says',
  async () => {
    const blocks = await docsPage('images.md');
    let service: ServedSite | undefined;
    const reload = () => service?.site.reload() ?? Promise.resolve();
    const besideMine = (file: string, text: string) => {
      const place = path.join(site.site, 'images/mine', file);
      return mkdir(path.dirname(place), { recursive: true }).then(() => writeFile(place, text));
    };
    const table: GuideTable = {
      standIns,
      before: {
        'sudo pi-image node reboot @compute': async () => {
          service = await startGuideService(site);
        },
        'sudo pi-image image audit mine': () => release('tree', '2.2.1-1+deb13u1'),
        'sudo pi-image rollout start compute --dry-run': reload,
      },
      ends: { 'sudo pi-image image audit mine': 1 },
      typed: { 'sudo pi-image image shell mine --keep settings': 'echo ours > /etc/settings.conf\n' },
      tried: {
        // One after the other, as the base of an image of its own.
        'base: { apt: { suite: trixie, sources: [debian] } } # packages, from nothing': async (text) => {
          for (const line of text.trimEnd().split('\n')) {
            await walk.follow([
              {
                heading: '',
                language: 'yaml',
                text: `# /etc/pi-image/images/bases/image.yaml\n${line}\nboards: [pi4]\n`,
              },
            ]);
            expect((await walk.type('sudo pi-image build bases')).stdout).toMatch(/^published |^nothing to /);
          }
        },
        ' 1. cached  base of 122 packages': async (text) => {
          await besideMine('setup.d/one', 'read by setup.sh\n');
          await besideMine('files/etc/systemd/system/prometheus.service', '[Unit]\n');
          await walk.type('sudo pi-image build mine');
          await release('slurmd', '24.11.5-2');
          await besideMine('files/etc/motd', 'Another one\n');
          const { stdout } = await walk.type('sudo pi-image build mine --explain --anew');
          const counted = (all: string) => all.replaceAll(/\d+ packages/g, 'some packages').split('\n');
          const shown = counted(text.replace('base of 122 packages', 'base from /srv/debian.tar')).slice(0, -1);
          expect(counted(stdout).slice(0, shown.length)).toEqual(shown);
          await walk.type('sudo pi-image build mine');
        },
        'roles:': async (text) => {
          await walk.writeCluster(text);
          expect((await walk.type('sudo pi-image config check')).stdout).toBe('no problems found\n');
        },
      },
    };
    const walk = new GuideWalk(site, table, guideCluster);

    await walk.follow(blocks);

    expect(walk.unused()).toEqual([]);
    expect(walk.typed.length).toBeGreaterThan(40);
  },
  minutesMs,
);
