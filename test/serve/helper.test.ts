/** The helper and the service that asks it, without a socket between them: what is asked arrives, and nothing ends the helper. */
import { describe, expect, test } from 'vitest';

import type { Exporter } from '../../src/host/nfs/exporter.ts';
import { ConfigError, HostError } from '../../src/model/errors.ts';
import type { Log } from '../../src/model/log.ts';
import { emptyState } from '../../src/model/state.ts';
import { planExports, planRootUses } from '../../src/plan/exports.ts';
import { createHelper, type HelperDeps } from '../../src/serve/helper.ts';
import { helperRootActs } from '../../src/serve/helper-root-acts.ts';
import type { RootActs } from '../../src/serve/root-acts.ts';
import { decodeRootAnswer } from '../../src/wire/root-act.ts';
import { sampleManifest, sampleView } from '../support/sample-view.ts';

const dirs = {
  imagesDir: '/state/exports/images',
  squashDir: '/state/exports/squash',
  persistentDir: '/state/persistent',
};
const view = sampleView();
const manifest = sampleManifest();
const signal = new AbortController().signal;
const nothing = () => undefined;

/** A helper whose acts are written down, and done by nobody. */
function lab(changes: Partial<HelperDeps> = {}, ownActs: Partial<RootActs> = {}) {
  const done: unknown[] = [];
  const logged: string[] = [];
  const trusted: string[] = [];
  const exporter: Exporter = {
    name: 'ganesha',
    apply: (exports) => Promise.resolve(void done.push(exports)),
    status: () => Promise.resolve({ kind: 'running', server: 'ganesha', detail: 'process 1' }),
    stop: () => Promise.reject(new Error('nobody asks for this')),
  };
  const acts: RootActs = {
    chooseExporter: () => Promise.resolve(exporter),
    keepShare: (share) => Promise.resolve(void done.push(share)),
    makeSquash: ({ name, version }) => Promise.resolve(void done.push(['squash', name, version])),
    makeTree: (node, { name, version }) => Promise.resolve(void done.push(['tree', node, name, version])),
    removeTree: (node, { name, version }) => Promise.resolve(void done.push(['gone', node, name, version])),
    sweepRoots: () => Promise.resolve(void done.push('sweep-roots')),
    dropPatterns: () => Promise.resolve(void done.push('drop-patterns')),
    sweepStore: () => Promise.resolve(void done.push('sweep-store')),
    ...ownActs,
  };
  const line =
    (level: string): Log['info'] =>
    (event, fields) =>
      void logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
  const helper = createHelper({
    ...dirs,
    nfsDir: '/state/nfs',
    build: () => Promise.resolve(0),
    readCluster: () => Promise.resolve(view.cluster),
    listImages: () => Promise.resolve(view.images),
    actsFor: () => acts,
    requireApart: () => Promise.resolve(),
    requireTrusted: (place) => Promise.resolve(void trusted.push(place)),
    log: { info: line('info'), warn: line('warn') },
    ...changes,
  });
  const service = helperRootActs((asked, asking) => helper(asked, asking, () => undefined));
  return { helper, service, done, logged, trusted };
}

describe('what the service asks for', () => {
  test('is exported as it was planned, from trees that were looked at', async () => {
    const { exports } = planExports({ cluster: view.cluster, ...dirs }, planRootUses(view, [], new Map()), emptyState);
    const { service, done, trusted, logged } = lab();

    const exporter = await service.chooseExporter('auto');
    await exporter.apply(exports, signal);

    expect(exporter.name).toBe('ganesha');
    expect(done).toEqual([exports]);
    expect(trusted).toEqual(expect.arrayContaining(exports.map(({ path }) => path)));
    expect(await exporter.status()).toEqual({ kind: 'running', server: 'ganesha', detail: 'process 1' });
    expect(logged).toEqual([`info helper.done {"act":"export","server":"ganesha","exports":${exports.length}}`]);
  });

  test('is made, removed and swept', async () => {
    const { service, done } = lab();
    const { name, version } = manifest;

    await service.makeSquash(manifest, signal);
    await service.makeTree('node01', manifest, signal);
    await service.removeTree('node01', manifest);
    await service.sweepRoots();
    await service.dropPatterns();
    await service.sweepStore();

    expect(done).toEqual([
      ['squash', name, version],
      ['tree', 'node01', name, version],
      ['gone', 'node01', name, version],
      'sweep-roots',
      'drop-patterns',
      'sweep-store',
    ]);
  });

  test('has the owner that the files of the helper name', async () => {
    const { service, done } = lab();

    await service.keepShare({ name: 'slurm', path: '/nowhere', ids: { uid: 0, gid: 0 } });

    expect(done).toEqual([{ name: 'slurm', path: '/srv/shares/slurm', ids: { uid: 64_030, gid: 64_030 } }]);
  });
});

describe('a build', () => {
  const act = { act: 'build', image: 'small', packages: 'kept', squash: true, isPlan: false } as const;

  test('is told line by line, and by its exit code', async () => {
    const asked: unknown[] = [];
    const said: unknown[] = [];
    const build: HelperDeps['build'] = (wanted, onLine) => {
      asked.push(wanted);
      onLine('one');
      onLine('{"leader":7}');
      return Promise.resolve(3);
    };
    const { helper } = lab({ build });

    const answer = await helper(JSON.stringify(act), signal, (line) => said.push(decodeRootAnswer(line)));

    expect(asked).toEqual([act]);
    expect(said).toEqual(['one', '{"leader":7}'].map((line) => ({ kind: 'said', line })));
    expect(decodeRootAnswer(answer)).toEqual({ kind: 'ended', code: 3 });
  });

  test('keeps nobody waiting, and is stopped by who asked for it', async () => {
    const build: HelperDeps['build'] = (_, __, stopped) =>
      new Promise((resolve) => stopped.addEventListener('abort', () => resolve(null)));
    const { helper, service } = lab({ build });
    const gone = new AbortController();

    const answer = helper(JSON.stringify(act), gone.signal, nothing);
    await service.sweepRoots();
    gone.abort();

    expect(decodeRootAnswer(await answer)).toEqual({ kind: 'ended', code: null });
  });
});

describe('the helper', () => {
  test.each([
    '',
    'x',
    '{}',
    '{"act":"sweep-roots","path":"/etc"}',
    '{"act":"make-tree","node":"..","name":"small","version":"1"}',
    '{"act":"sh","command":"id"}',
    '\0'.repeat(1000),
  ])('answers %j with what is wrong, and does nothing', async (line) => {
    const { helper, done } = lab();

    expect(decodeRootAnswer(await helper(line, signal, nothing))).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('this is no request to the helper') as string,
    });
    expect(done).toEqual([]);
  });

  test('makes nothing of a version that is not there', async () => {
    const { service, done } = lab();

    await expect(service.makeTree('node01', { name: 'debian-lite', version: '1' }, signal)).rejects.toThrow(
      'there is no version debian-lite@1',
    );
    expect(done).toEqual([]);
  });

  test.each<[string, (service: RootActs) => Promise<unknown>]>([
    ['exports', async (service) => (await service.chooseExporter('auto')).apply([], signal)],
    ['copies', (service) => service.makeTree('node01', manifest, signal)],
    ['removes', (service) => service.removeTree('node01', manifest)],
    ['sweeps', (service) => service.sweepRoots()],
    ['gives away', (service) => service.keepShare({ name: 'home', path: '/nowhere', ids: undefined })],
  ])('%s nothing where others could change the way', async (_, ask) => {
    const requireTrusted = () => Promise.reject(new HostError('/state/x is not trusted'));
    const { service, done } = lab({ requireTrusted });

    await expect(ask(service)).rejects.toThrow('/state/x is not trusted');
    expect(done).toEqual([]);
  });

  test('exports nothing from a file system that holds secrets', async () => {
    const { service, done } = lab({ requireApart: () => Promise.reject(new ConfigError('they lie together')) });
    const exporter = await service.chooseExporter('auto');

    await expect(exporter.apply([], signal)).rejects.toThrow('they lie together');
    expect(done).toEqual([]);
  });

  test('tells a fault of its own to its log, and goes on', async () => {
    let isBroken = true;
    const readCluster = () => (isBroken ? Promise.reject(new Error('secret place')) : Promise.resolve(view.cluster));
    const { service, logged, done } = lab({ readCluster });

    await expect(service.sweepRoots()).rejects.toThrow('the helper has failed: its log says why');
    expect(logged.join('\n')).toContain('secret place');
    isBroken = false;
    await service.sweepRoots();
    expect(done).toEqual(['sweep-roots']);
  });

  test('says what failed and what to do', async () => {
    const sweepRoots = () =>
      Promise.reject(new HostError('cannot sweep', { hint: 'Look there.', cause: new Error('no room') }));
    const { service } = lab({}, { sweepRoots });

    await expect(service.sweepRoots()).rejects.toMatchObject({
      message: 'cannot sweep; because: no room',
      hint: 'Look there.',
    });
  });

  test('does one slow act after the other, and answers questions meanwhile', async () => {
    const order: string[] = [];
    let end = () => undefined as void;
    const wait = new Promise<void>((resolve) => (end = resolve));
    const makeTree = async (node: string) => {
      order.push(`begin ${node}`);
      await wait;
      order.push(`end ${node}`);
    };
    const { service } = lab({}, { makeTree });

    const made = [service.makeTree('node01', manifest, signal), service.makeTree('node02', manifest, signal)];
    const exporter = await service.chooseExporter('auto');
    await exporter.status();
    end();
    await Promise.all(made);

    expect(order).toEqual(['begin node01', 'end node01', 'begin node02', 'end node02']);
  });

  test('does nothing for whoever has gone while he waited', async () => {
    const { helper, done, logged } = lab();
    const gone = new AbortController();
    gone.abort(new Error('whoever asked has gone'));

    await helper('{"act":"sweep-store"}', gone.signal, nothing);

    expect(done).toEqual([]);
    expect(logged).toEqual(['warn helper.refused {"act":"sweep-store","reason":"whoever asked has gone"}']);
  });
});
