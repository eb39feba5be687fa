import { describe, expect, test } from 'vitest';

import { ImageSpec } from '../../src/model/image-spec.ts';
import { planBuild, type BuildCache, type BuildInputs, type BuildPlan } from '../../src/plan/build.ts';
import { renderPlan } from '../../src/plan/build-text.ts';
import { contentKey } from '../../src/plan/build-layers.ts';
import type { CachedLayer, CachedLayers } from '../../src/plan/id-registry.ts';
import { sampleLock, samplePackage, sampleSpec } from '../support/sample-lock.ts';

const noCache: BuildCache = {
  layers: new Map(),
  registry: { users: {}, groups: {} },
  lastParts: new Map(),
  lastDetails: new Map(),
  publishedKey: undefined,
};

/** What the layer site takes from beside image.yaml. */
function siteInputs(motd: string, program = 'setup-1'): BuildInputs['layerInputs'] {
  const files = { 'files/etc/motd': motd };
  return new Map([['site', { files, run: { 'setup.sh': program, ...files } }]]);
}

const inputs: BuildInputs = {
  spec: sampleSpec,
  lock: sampleLock(),
  layerInputs: siteInputs('motd-1'),
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
  return {
    ...noCache,
    layers: new Map(layers),
    lastParts: plan.parts,
    lastDetails: plan.details,
    publishedKey: plan.key,
  };
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
    expect(running(first)).toEqual(['base', 'cluster', 'site', 'site/files', ...afterLayers]);
    expect(first.isUpToDate).toBe(false);
  });

  test('does nothing the second time', () => {
    const second = planBuild(inputs, cache);
    expect(running(second)).toEqual([]);
    expect(second.isUpToDate).toBe(true);
    expect(second.key).toBe(first.key);
  });

  test('makes a version of the same layers when it is asked again', () => {
    const again = planBuild({ ...inputs, isAskedAgain: true }, cache);
    expect(running(again)).toEqual(afterLayers);
    expect(again.key).toBe(first.key);
  });

  const lock = sampleLock();
  const newer = lock.layers.map((layer) =>
    layer.name === 'cluster' ? { ...layer, packages: [samplePackage('cluster-package', '1.0-2')] } : layer,
  );
  const names = lock.layers.map(({ name }) => name);
  test.each<[string, BuildInputs, string[], string]>([
    [
      'a newer package',
      { ...inputs, lock: { ...lock, layers: newer } },
      ['cluster', 'site', 'site/files', ...afterLayers],
      'cluster-package 1.0-1 -> 1.0-2',
    ],
    [
      'another file',
      { ...inputs, layerInputs: siteInputs('motd-2') },
      ['site', 'site/files', ...afterLayers],
      'files/etc/motd',
    ],
    ['another initramfs', { ...inputs, bootInputs: 'initramfs-2' }, afterLayers, 'initramfs'],
    ['another board', { ...inputs, spec: { ...sampleSpec, boards: ['pi4'] } }, afterLayers, 'boards'],
    [
      'another busybox',
      { ...inputs, lock: { ...lock, busybox: samplePackage('busybox-static', '2') } },
      afterLayers,
      'busybox',
    ],
    ['another iPXE', { ...inputs, lock: { ...lock, ipxe: samplePackage('ipxe', '2') } }, afterLayers, 'ipxe'],
    [
      'another program',
      { ...inputs, layerInputs: siteInputs('motd-1', 'setup-2') },
      ['site', 'site/files', ...afterLayers],
      'setup.sh',
    ],
    [
      'a program more',
      { ...inputs, spec: withProgram('./other.sh') },
      ['site', 'site/files', ...afterLayers],
      'what image.yaml says of it',
    ],
  ])('with %s runs what depends on it, and says why', (_name, changed, expected, why) => {
    const plan = planBuild(changed, cache);
    expect(running(plan)).toEqual(expected);
    expect(plan.steps.find(({ state }) => state.kind === 'run')?.state.why).toBe(`changed: ${why}`);
  });

  test('runs no program for a file that it does not read', () => {
    const before = { ...inputs, spec: withInputs([]), layerInputs: onlyFiles('motd-1') };
    const plan = planBuild({ ...before, layerInputs: onlyFiles('motd-2') }, cacheAfter(planBuild(before, noCache)));
    expect(running(plan)).toEqual(['site/files', ...afterLayers]);
    expect(plan.steps[3]?.state.why).toBe('changed: files/etc/motd');
  });

  test('puts newer packages on top of the last that has packages, below programs and files', () => {
    const updates = {
      name: 'updates',
      request: '0'.repeat(64),
      packages: [samplePackage('openssl', '2')],
      removes: ['x'],
    };
    const plan = planBuild({ ...inputs, lock: { ...lock, layers: [...lock.layers, updates] } }, cache);
    expect(running(plan)).toEqual(['updates', 'site', 'site/files', ...afterLayers]);
    expect(renderPlan(plan, false)).toContain('layer updates: 1 packages, without x');
    const taken = planBuild({ ...inputs, lock }, cacheAfter(plan));
    expect(taken.steps[2]?.state.why).toBe('changed: what lies below it');
  });

  test('finds the older layers again when a change is taken back', () => {
    const changed = planBuild({ ...inputs, layerInputs: siteInputs('motd-2') }, cache);
    const both = new Map([...cache.layers, ...cacheAfter(changed).layers]);
    expect(running(planBuild(inputs, { ...cacheAfter(changed), layers: both }))).toEqual(afterLayers);
  });

  test('does not depend on when its lock was made or where its packages came from', () => {
    const later = { ...lock, resolvedAt: '2027-01-01T00:00:00.000Z', epochSeconds: 1_800_000_000 };
    expect(planBuild({ ...inputs, lock: later }, cache).isUpToDate).toBe(true);
    expect(names).toEqual(['base', 'cluster']);
  });

  test('says that a result is gone when the cache lost it', () => {
    const plan = planBuild(inputs, { ...cache, layers: new Map() });
    expect(plan.steps[0]?.state).toEqual({ kind: 'run', why: 'its result is gone from the cache' });
  });
});

describe('a layer that was made anew', () => {
  const first = planBuild(inputs, noCache);
  const layersOf = (plan: BuildPlan) => plan.steps.flatMap((step) => ('parents' in step ? [step] : []));
  /** Layers that know what they hold, as builds leave them. */
  const knowing = (plan: BuildPlan, contents: Readonly<Record<string, string>>): CachedLayers => {
    const layers = layersOf(plan);
    return new Map(
      layers.map(({ key, name, wanted, parts }, index) => {
        const below = layers.slice(0, index).map((layer) => contents[layer.name]);
        const ids = { users: {}, groups: {} };
        return [key, { wanted, content: contents[name], contentKey: contentKey(parts, below), ...ids }];
      }),
    );
  };
  const contents = { base: 'b', cluster: 'c', site: 's', 'site/files': 'f' };
  const changed = { ...inputs, layerInputs: onlyFiles('motd-1') };
  const old = knowing(first, contents);
  const again = planBuild(changed, { ...noCache, layers: old });
  const [, , program] = layersOf(again);

  test.each([
    ['and holds the same spares those above it', 's', [], 'what lies below it was made anew, with the same content'],
    ['and holds something else does not', 'other', ['site/files'], 'it was not built before'],
  ])('%s', (_name, content, expected, why) => {
    expect(layersOf(again).map(({ state }) => state.kind)).toEqual(['cached', 'cached', 'run', 'run']);
    const made = knowing(again, { ...contents, site: content }).get(program?.key ?? '');
    if (program === undefined || made === undefined) throw new Error('no layer site');
    const plan = planBuild(changed, {
      ...noCache,
      layers: new Map([...old, [program.key, made]]),
      publishedKey: planBuild(inputs, { ...noCache, layers: old }).key,
    });
    expect(running(plan).filter((name) => !afterLayers.includes(name))).toEqual(expected);
    expect(plan.isUpToDate).toBe(expected.length === 0);
    expect(layersOf(plan).at(-1)?.state.why).toBe(why);
  });

  test('and holds the same is no reason to make another file anew', () => {
    const made = knowing(again, contents).get(program?.key ?? '');
    if (program === undefined || made === undefined) throw new Error('no layer site');
    const cache = {
      ...noCache,
      layers: new Map([...old, [program.key, made]]),
      lastParts: first.parts,
      lastDetails: first.details,
    };
    const plan = planBuild({ ...inputs, layerInputs: onlyFiles('motd-2') }, cache);
    expect(layersOf(plan).at(-1)?.state).toEqual({ kind: 'run', why: 'changed: files/etc/motd' });
  });
});

test('the hash of a password makes another layer and stands in no record', () => {
  const withPassword = (passwordHash: string) => {
    const [first, ...others] = sampleSpec.layers;
    const layer = { ...first, users: [{ name: 'ada', passwordHash }] };
    return planBuild({ ...inputs, spec: ImageSpec.parse({ ...sampleSpec, layers: [layer, ...others] }) }, noCache);
  };
  const [one, other] = [withPassword('$y$j9T$abc$def'), withPassword('$y$j9T$abc$xyz')];
  expect(JSON.stringify([...one.parts, ...one.details])).not.toContain('$y$');
  expect(one.key).not.toBe(other.key);
});

test('a layer of another image with other user numbers is not taken, and its own is found again', () => {
  const first = planBuild(inputs, noCache);
  const shared = cacheAfter(first, { users: { munge: 100 }, groups: {} });
  const family = { ...shared, registry: { users: { munge: 105 }, groups: {} } };

  const own = planBuild(inputs, family);
  expect(running(own)).toEqual(['base', 'cluster', 'site', 'site/files', ...afterLayers]);
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
    ' 3. run     layer site: ./setup.sh',
    ' 4. run     layer site: files from files/',
  ]);
  expect(renderPlan(plan, true)).toContain('it was not built before');
});

/** The program names what it reads, so a file of the layer is none of its business. */
function withInputs(named: string[]): ImageSpec {
  const [cluster, layer] = sampleSpec.layers;
  return ImageSpec.parse({ ...sampleSpec, layers: [cluster, { ...layer, inputs: named }] });
}

function onlyFiles(motd: string): BuildInputs['layerInputs'] {
  return new Map([['site', { files: { 'files/etc/motd': motd }, run: { 'setup.sh': 'setup-1' } }]]);
}

function withProgram(program: string): ImageSpec {
  const [cluster, site] = sampleSpec.layers;
  return ImageSpec.parse({ ...sampleSpec, layers: [cluster, { ...site, run: [program] }] });
}
