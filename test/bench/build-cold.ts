/** A cold build of debian-lite, beside mmdebstrap with the same packages and the initramfs that these make for themselves. */
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { lockedPackages } from '../../src/plan/package-lock.ts';
import { renderSourcesList } from '../../src/plan/build-sources.ts';
import { compareWithPlain, type Equality } from './build-equal.ts';
import type { BuildFigure } from './build-figures.ts';
import type { BuildSite } from './build-site.ts';
import { measure, type Measured } from './measured.ts';

/** Nothing is there: no package, no index, no layer. */
export async function measureCold(site: BuildSite): Promise<BuildFigure[]> {
  const ours = await site.build('bench');
  const { cost: plain, equality } = await bootstrap(site);
  if (equality.others.length > 0) process.stderr.write(`others in /usr: ${equality.others.slice(0, 20).join(' ')}\n`);
  return [
    { what: 'cold build: CPU, plain mmdebstrap', value: ours.cpuSeconds / plain.cpuSeconds, unit: 'x', atMost: 0.4 },
    { what: 'cold build: wall, plain mmdebstrap', value: ours.wallSeconds / plain.wallSeconds, unit: 'x', atMost: 0.5 },
    { what: 'cold build: CPU', value: ours.cpuSeconds, unit: 's' },
    { what: 'cold build: wall', value: ours.wallSeconds, unit: 's' },
    { what: 'plain mmdebstrap: CPU', value: plain.cpuSeconds, unit: 's' },
    { what: 'plain mmdebstrap: wall', value: plain.wallSeconds, unit: 's' },
    { what: 'entries of /usr that both have', value: equality.shared, unit: '' },
    {
      what: 'those with another content, owner, mode or attribute',
      value: equality.others.length,
      unit: '',
      atMost: 0,
    },
  ];
}

/** As its manual page tells, with the very versions of our lock; Debian's initramfs-tools in the place of what stands in for it. */
async function bootstrap(site: BuildSite): Promise<{ readonly cost: Measured; readonly equality: Equality }> {
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
    const argv = ['mmdebstrap', ...options, aptOptions, include, 'trixie', target, ...sources];
    const cost = await measure(argv, { QEMU_CPU: undefined });
    const [version = ''] = await site.versionsOf('bench');
    return { cost, equality: await compareWithPlain(version, target) };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
