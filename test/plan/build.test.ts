import { describe, expect, test } from 'vitest';

import { ImageSpec } from '../../src/model/image-spec.ts';
import { planBuild, renderPlan, type BuildCache, type BuildInputs, type BuildPlan } from '../../src/plan/build.ts';
import type { CachedLayer } from '../../src/plan/id-registry.ts';
import { sampleLock, samplePackage, sampleSpec } from '../support/sample-lock.ts';

const noCache: BuildCache = {
  layers: new Map(),
  registry: { users: {}, groups: {} },
  lastParts: new Map(),
  publishedKey: undefined,
};

const inputs: BuildInputs = {
  spec: sampleSpec,
  lock: sampleLock(),
  layerFiles: new Map([['site', 'files-1']]),
  bootInputs: 'initramfs-1',
};

/** As it is after `plan` has been built and published. */
function cacheAfter(
  plan: BuildPlan,
  ids: Pick<CachedLayer, 'users' | 'groups'> = { users: {}, groups: {} },
): BuildCache {
  const layers = plan.steps.flatMap((step) =>
    step.action === 'bootstrap' || step.action === 'layer'
      ? [[step.key, { wanted: step.wanted, ...ids }] as const]
      : [],
  );
  return { ...noCache, layers: new Map(layers), lastParts: plan.parts, publishedKey: plan.key };
}

/** Steps that run, by name. */
function running(plan: BuildPlan): string[] {
  return plan.steps
    .filter(({ state }) => state.kind === 'run')
    .map((step) => ('name' in step ? step.name : step.action));
}

const afterLayers = ['flatten', 'boot-files', 'initramfs', 'seal', 'lint', 'publish'];

describe('a build', () => {
  const first = planBuild(inputs, noCache);
  const cache = cacheAfter(first);

  test('runs every step the first time', () => {
    expect(running(first)).toEqual(['base', 'cluster', 'site', ...afterLayers]);
    expect(first.isUpToDate).toBe(false);
  });

  test('does nothing the second time', () => {
    const second = planBuild(inputs, cache);
    expect(running(second)).toEqual([]);
    expect(second.isUpToDate).toBe(true);
    expect(second.key).toBe(first.key);
  });

  const lock = sampleLock();
  const newer = lock.layers.map((layer) =>
    layer.name === 'cluster' ? { ...layer, packages: [samplePackage('cluster-package', '1.0-2')] } : layer,
  );
  const [base, cluster, site] = lock.layers;
  test.each<[string, BuildInputs, string[], string]>([
    [
      'a newer package',
      { ...inputs, lock: { ...lock, layers: newer } },
      ['cluster', 'site', ...afterLayers],
      'packages',
    ],
    ['other files', { ...inputs, layerFiles: new Map([['site', 'files-2']]) }, ['site', ...afterLayers], 'files'],
    ['another initramfs', { ...inputs, bootInputs: 'initramfs-2' }, afterLayers, 'initramfs'],
    ['another board', { ...inputs, spec: { ...sampleSpec, boards: ['pi4'] } }, afterLayers, 'boards'],
    [
      'another busybox',
      { ...inputs, lock: { ...lock, busybox: samplePackage('busybox-static', '2') } },
      afterLayers,
      'busybox',
    ],
    ['another iPXE', { ...inputs, lock: { ...lock, ipxe: samplePackage('ipxe', '2') } }, afterLayers, 'ipxe'],
    ['another program', { ...inputs, spec: withProgram('./other.sh') }, ['site', ...afterLayers], 'step'],
  ])('with %s runs what depends on it, and says why', (_name, changed, expected, why) => {
    const plan = planBuild(changed, cache);
    expect(running(plan)).toEqual(expected);
    expect(plan.steps.find(({ state }) => state.kind === 'run')?.state.why).toBe(`changed: ${why}`);
  });

  test('finds the older layers again when a change is taken back', () => {
    const changed = planBuild({ ...inputs, layerFiles: new Map([['site', 'files-2']]) }, cache);
    const both = new Map([...cache.layers, ...cacheAfter(changed).layers]);
    expect(running(planBuild(inputs, { ...cacheAfter(changed), layers: both }))).toEqual(afterLayers);
  });

  test('does not depend on when its lock was made or where its packages came from', () => {
    const later = { ...lock, resolvedAt: '2027-01-01T00:00:00.000Z', epochSeconds: 1_800_000_000 };
    expect(planBuild({ ...inputs, lock: later }, cache).isUpToDate).toBe(true);
    expect([base?.name, cluster?.name, site?.name]).toEqual(['base', 'cluster', 'site']);
  });

  test('says that a result is gone when the cache lost it', () => {
    const plan = planBuild(inputs, { ...cache, layers: new Map() });
    expect(plan.steps[0]?.state).toEqual({ kind: 'run', why: 'its result is gone from the cache' });
  });
});

test('a layer of another image with other user numbers is not taken, and its own is found again', () => {
  const first = planBuild(inputs, noCache);
  const shared = cacheAfter(first, { users: { munge: 100 }, groups: {} });
  const family = { ...shared, registry: { users: { munge: 105 }, groups: {} } };

  const own = planBuild(inputs, family);
  expect(running(own)).toEqual(['base', 'cluster', 'site', ...afterLayers]);
  expect(own.key).not.toBe(first.key);

  const ownLayers = cacheAfter(own, { users: { munge: 105 }, groups: {} }).layers;
  // More names are registered by then; the layer that was made for this family still fits.
  const registry = { users: { munge: 105, slurm: 64_030 }, groups: { munge: 105 } };
  const again = planBuild(inputs, {
    ...family,
    registry,
    layers: new Map([...shared.layers, ...ownLayers]),
    publishedKey: own.key,
  });
  expect(again.isUpToDate).toBe(true);
});

test('the plan is readable', () => {
  const plan = planBuild(inputs, noCache);
  expect(renderPlan(plan, false).split('\n').slice(0, 4)).toEqual([
    ' 1. run     base of 1 packages',
    ' 2. run     layer cluster: 1 packages',
    ' 3. run     layer site: files from files/, ./setup.sh',
    ' 4. run     one tree of 3 layers',
  ]);
  expect(renderPlan(plan, true)).toContain('it was not built before');
});

function withProgram(program: string): ImageSpec {
  const [cluster, site] = sampleSpec.layers;
  return ImageSpec.parse({ ...sampleSpec, layers: [cluster, { ...site, run: [program] }] });
}
