import { expect, test } from 'vitest';

import { downloadProgress, PackageProgress, type BuildProgress } from '../../src/build/progress.ts';
import { HostError } from '../../src/model/errors.ts';

function recorder(): { progress: BuildProgress; details: string[] } {
  const details: string[] = [];
  const nothing = () => undefined;
  return { details, progress: { step: nothing, note: nothing, output: nothing, detail: (text) => details.push(text) } };
}

test('unpacking and configuring are followed package by package', () => {
  const { progress, details } = recorder();
  const packages = new PackageProgress(2, progress);
  for (const line of [
    'Unpacking libcap2:arm64 (1:2.75-10) ...',
    'Selecting previously unselected package munge.',
    'Unpacking munge (0.5.16-1) ...',
    'Setting up libcap2:arm64 (1:2.75-10) ...',
    'Setting up munge (0.5.16-1) ...',
  ]) {
    packages.onLine(line);
  }
  expect(details).toEqual([
    '25 % unpacking libcap2',
    '50 % unpacking munge',
    '75 % configuring libcap2',
    '99 % configuring munge',
  ]);
});

test('the package that broke is named, with the reason below', async () => {
  const packages = new PackageProgress(2, recorder().progress);
  packages.onLine('dpkg: error processing package munge (--configure):');
  packages.onLine('dpkg: error processing package slurmd (--configure):');
  const failed = new HostError('installing the packages of layer cluster of mine failed', { hint: 'Look at the log.' });

  await expect(packages.explain(Promise.reject(failed))).rejects.toMatchObject({
    message: 'package munge cannot be installed',
    hint: 'Look at the log.',
    cause: failed,
  });
});

test('other failures stay what they are', async () => {
  const failed = new HostError('no space left');
  await expect(new PackageProgress(1, recorder().progress).explain(Promise.reject(failed))).rejects.toBe(failed);
});

test('downloads are counted', () => {
  const { progress, details } = recorder();
  const onLine = downloadProgress(2, progress);
  onLine('Get:1 http://mirror.test/debian/pool/main/m/munge/munge_0.5.16-1_arm64.deb [120 kB]');
  onLine('Fetched 120 kB in 0s (1 MB/s)');
  expect(details).toEqual(['fetching 1 of 2: munge']);
});
