/** Parts of the image plane by themselves: the initramfs, templates of a thousand nodes, an earlier version, an official image. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { buildInitramfs, type InitramfsRequest } from '../../src/build/initramfs.ts';
import { request } from '../../src/cli/api-client.ts';
import { run } from '../../src/host/process.ts';
import { boardNames } from '../../src/model/board.ts';
import { ImageManifest } from '../../src/model/manifest.ts';
import { compile } from '../support/compiled.ts';
import { StormSite } from '../support/storm-site.ts';
import { makeExtractImage, measureExtract } from './build-extract.ts';
import type { BuildFigure } from './build-figures.ts';
import { measureOverlays, type OverlayFigure } from './build-overlays.ts';
import type { BuildSite } from './build-site.ts';
import { median } from './figures.ts';
import { measureRootModes } from './root-modes.ts';

const { signal } = new AbortController();

/** For all boards at once, which is more than any image's is. */
export async function measureInitramfs(site: BuildSite): Promise<BuildFigure[]> {
  const [version = ''] = await site.versionsOf('bench');
  const dir = await mkdtemp(path.join(tmpdir(), 'bench-initramfs-'));
  try {
    const wanted = await initramfsOf(site, version, dir);
    const made: { seconds: number; bytes: Buffer }[] = [];
    for (let round = 0; round < 3; round += 1) {
      const beganMs = performance.now();
      await buildInitramfs(wanted);
      made.push({ seconds: (performance.now() - beganMs) / 1000, bytes: await readFile(wanted.out) });
    }
    const [first] = made;
    const others = made.filter(({ bytes }) => first === undefined || !bytes.equals(first.bytes)).length;
    return [
      { what: 'initramfs: compressed', value: (first?.bytes.length ?? Number.NaN) / 1e6, unit: 'MB', atMost: 12 },
      { what: 'initramfs: made in', value: median(made.map(({ seconds }) => seconds)), unit: 's', atMost: 2 },
      { what: 'initramfs: builds of 3 with other bytes', value: others, unit: '', atMost: 0 },
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function initramfsOf(site: BuildSite, version: string, dir: string): Promise<InitramfsRequest> {
  const { kernels } = ImageManifest.parse(JSON.parse(await readFile(path.join(version, 'manifest.json'), 'utf8')));
  const debs = path.join(site.state, 'debs');
  const busybox = (await readdir(debs)).find((name) => name.startsWith('busybox-static_'));
  await run(['dpkg-deb', '--extract', path.join(debs, busybox ?? ''), dir], { signal });
  return {
    root: path.join(version, 'root'),
    release: kernels[0]?.release ?? '',
    boards: boardNames,
    modules: [],
    busybox: path.join(dir, 'usr/bin/busybox'),
    scriptsDir: path.resolve(import.meta.dirname, '../../boot/initramfs'),
    out: path.join(dir, 'initramfs'),
    signal,
  };
}

/** As the service does it: read, checked, planned and packed. Medians of five services, one after the other. */
export async function measureTemplate(): Promise<BuildFigure[]> {
  const rounds: OverlayFigure[][] = [];
  for (let round = 0; round < 5; round += 1) rounds.push((await measureOverlays(1000)).slice(1));
  const [changes = []] = rounds;
  return changes.flatMap(({ change, packed }, index): BuildFigure[] => {
    const seconds = median(rounds.map((figures) => figures[index]?.wallMs ?? Number.NaN)) / 1000;
    return [
      { what: `${change}: wall`, value: seconds, unit: 's', ...(index === 0 && { atMost: 0.6 }) },
      { what: `${change}: archives made anew of 1,000`, value: packed, unit: '' },
    ];
  });
}

/** A role of a thousand nodes, there and back, in a running service. */
export async function measureRollback(): Promise<BuildFigure[]> {
  await compile();
  const site = new StormSite(1000);
  try {
    await site.open();
    await addVersion(path.join(site.fixture.dir, 'state/exports/images/storm'));
    const service = await site.serve();
    const seconds: number[] = [];
    for (const version of ['previous', 'newest', 'previous', 'newest', 'previous']) {
      const beganMs = performance.now();
      const answer = await request(site.fixture.socket, 'PUT', '/roles/compute/image', { version });
      seconds.push((performance.now() - beganMs) / 1000);
      const isChanged = answer.kind === 'answer' && (answer.body as { isChanged?: boolean }).isChanged === true;
      if (!isChanged) throw new Error(`no rollback: ${JSON.stringify(answer)}`);
    }
    await service.stop();
    return [{ what: 'roll back a role: wall', value: median(seconds), unit: 's', atMost: 0.1 }];
  } finally {
    await site.close();
  }
}

async function addVersion(folder: string): Promise<void> {
  const [old = ''] = await readdir(folder);
  const version = '20261122.1';
  await cp(path.join(folder, old), path.join(folder, version), { recursive: true });
  const file = path.join(folder, version, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...manifest, version }));
}

export async function measureOfficial(site: BuildSite): Promise<BuildFigure[]> {
  const [version = ''] = await site.versionsOf('bench');
  const image = await makeExtractImage(site.dir, path.join(version, 'root'), signal);
  const { rounds } = await measureExtract(image, site.dir, 3);
  const ratio = median(rounds.map(({ layer, xz }) => layer.wallMs / xz.wallMs));
  return [{ what: '.img.xz to layer with index: wall, xz -T2 -d', value: ratio, unit: 'x', atMost: 2.5 }];
}

/** Two boots on a rack. */
export async function measureModes(site: BuildSite): Promise<BuildFigure[]> {
  const costs = await measureRootModes({ modes: ['shared', 'squash'], state: site.state, image: 'bench' });
  const of = (mode: string) => costs.find((each) => each.mode === mode);
  const [shared, squash] = [of('shared'), of('squash')];
  if (shared === undefined || squash === undefined) throw new Error('a board did not boot');
  return [
    { what: 'squash: NFS calls, shared', value: squash.nfsCalls / shared.nfsCalls, unit: 'x', atMost: 0.1 },
    { what: 'squash: bytes on the wire, shared', value: squash.wireBytes / shared.wireBytes, unit: 'x' },
  ];
}
