/** A cold build of debian-lite, beside mmdebstrap with the same packages and the initramfs that these make for themselves. */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { lockedPackages } from '../../src/plan/package-lock.ts';
import { renderSourcesList } from '../../src/plan/build-sources.ts';
import type { BuildFigure } from './build-figures.ts';
import type { BuildSite } from './build-site.ts';
import { measure } from './measured.ts';

/** Nothing is there: no package, no index, no layer. */
export async function measureCold(site: BuildSite): Promise<BuildFigure[]> {
  const ours = await site.build('bench');
  const plain = await bootstrap(site);
  return [
    { what: 'cold build: CPU, plain mmdebstrap', value: ours.cpuSeconds / plain.cpuSeconds, unit: 'x', atMost: 0.4 },
    { what: 'cold build: wall, plain mmdebstrap', value: ours.wallSeconds / plain.wallSeconds, unit: 'x', atMost: 0.5 },
    { what: 'cold build: CPU', value: ours.cpuSeconds, unit: 's' },
    { what: 'cold build: wall', value: ours.wallSeconds, unit: 's' },
    { what: 'plain mmdebstrap: CPU', value: plain.cpuSeconds, unit: 's' },
    { what: 'plain mmdebstrap: wall', value: plain.wallSeconds, unit: 's' },
  ];
}

/** As its manual page tells, with the very versions of our lock; Debian's initramfs-tools in the place of what stands in for it. */
async function bootstrap(site: BuildSite) {
  const lock = await site.readLock('bench');
  const packages = lockedPackages(lock)
    .filter(({ name }) => !name.startsWith('tiny-initramfs'))
    .map(({ name, version }) => `${name}=${version}`);
  const target = path.join(site.dir, 'plain');
  const options = ['--mode=root', '--format=directory', '--variant=essential', '--architectures=arm64', '--quiet'];
  const include = `--include=${[...packages, 'initramfs-tools'].join(',')}`;
  const sources = renderSourcesList(lock.sources).trimEnd().split('\n');
  try {
    const aptOptions = '--aptopt=APT::Install-Recommends "false"';
    return await measure(['mmdebstrap', ...options, aptOptions, include, 'trixie', target, ...sources], {
      QEMU_CPU: undefined,
    });
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
