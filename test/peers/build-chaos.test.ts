/**
 * kill -9 of builds, imports, clean-ups and rollbacks, once in each part of the program that changes files: what was
 * published stays as it was, nothing half-made is shown, and whatever comes next goes through and leaves no remains.
 */
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { sweepLeftovers } from '../../src/serve/sweep-store.ts';
import { BuildLab } from '../support/build-lab.ts';
import { compile, compiledArgv } from '../support/compiled.ts';
import { onePerFile } from '../support/kill-places.ts';
import { killedAt, type KillPoint } from '../support/strace.ts';

const minutesMs = 5 * 60_000;
const lab = new BuildLab();
const build = ['build', 'tiny', '--squash'] as const;
let places: readonly string[] = [];
const partsOfBuild = [
  'unpack-root',
  'fetch-missing',
  'make-layer',
  'layer-programs',
  'flatten',
  'boot-cache',
  'initramfs',
  'apply-seal',
  'finish-tree',
  'publish',
  'squash-version',
];

beforeAll(async () => {
  await compile();
  await lab.openBuilt('one', build);
  await lab.change('two');
  places = onePerFile(await lab.record(...build));
  await lab.save('two');
}, minutesMs);
afterAll(() => lab.close());

/**
 * One kill after the other, each on top of what the one before has left. Where a cache that was made meanwhile spares the
 * place, it is done anew.
 */
async function killAtEach(those: readonly string[], command: readonly string[], from: string): Promise<void> {
  const before = (await lab.look()).versions;
  for (const place of those) {
    let ended = await lab.kill(place, ...command);
    if (ended.kind === 'whole') {
      await lab.restore(from);
      ended = await lab.kill(place, ...command);
    }
    expect({ place, ...ended }).toEqual({ place, kind: 'killed' });
    const { versions, problems } = await lab.look();
    expect({ place, problems }).toEqual({ place, problems: [] });
    if (command[1] !== 'gc') expect(versions).toEqual(expect.arrayContaining(before));
  }
}

describe('kill -9', () => {
  test(
    'of a build at each of its steps',
    async () => {
      await lab.restore('two');
      const whole = await lab.listing();
      await lab.restore('one');

      await killAtEach(places, build, 'one');
      await lab.command(...build);

      expect((await lab.look()).problems).toEqual([]);
      expect(await lab.listing()).toEqual(whole);
      for (const part of partsOfBuild) expect(places.join('\n')).toContain(`build/${part}.js`);
    },
    minutesMs,
  );

  test(
    'of an import',
    async () => {
      const newest = path.join(lab.images, 'tiny', (await lab.look()).versions.at(-1) ?? '');
      const command = [
        'image',
        'import',
        'tiny',
        '--root',
        `${newest}/root`,
        '--boot',
        `${newest}/boot`,
        '--boards',
        'uefi',
      ];
      await lab.restore('two');
      const own = onePerFile(await lab.record(...command));
      const whole = await lab.listing();
      await lab.restore('two');

      await killAtEach(own, command, 'two');
      await lab.command(...command);

      expect((await lab.look()).problems).toEqual([]);
      expect((await lab.listing()).filter((name) => !/images\/tiny\//.test(name))).toEqual(
        whole.filter((name) => !/images\/tiny\//.test(name)),
      );
    },
    minutesMs,
  );

  test(
    'of a clean-up: a version is there whole or not at all',
    async () => {
      await lab.restore('two');
      const command = ['image', 'gc', '--keep', '1'];
      lab.hoursAhead = 72;
      const own = onePerFile(await lab.record(...command));
      const whole = await lab.listing();
      await lab.restore('two');

      await killAtEach(own, command, 'two');
      await lab.command(...command);

      lab.hoursAhead = 0;
      expect(await lab.listing()).toEqual(whole);
      expect((await lab.look()).versions).toHaveLength(1);
    },
    minutesMs,
  );

  test(
    'of a rollback: the role boots the one version or the other',
    async () => {
      await lab.restore('two');
      const [first = '', second = ''] = (await lab.look()).versions;
      const points = ([1, 2] as const).flatMap((count): KillPoint[] => [
        { call: 'pwrite64', count, file: undefined },
        { call: 'fsync', count, file: undefined },
      ]);
      let killed = 0;
      for (const [index, point] of points.entries()) {
        const to = index % 2 === 0 ? first : second;
        const argv = compiledArgv(lab.dir, 'rollback', 'compute', '--to', to);
        const signal = AbortSignal.timeout(60_000);
        killed += await run(killedAt(point, argv), { signal }).then(
          () => 0,
          () => 1,
        );
        expect((await lab.look()).problems).toEqual([]);
        expect(await lab.command('rollback', 'compute', '--to', to, '-o', 'name')).toBe(`tiny@${to}\n`);
      }
      expect(killed).toBeGreaterThan(1);
    },
    minutesMs,
  );
});

test(
  'the next start of the service sweeps what a killed build has left',
  async () => {
    await lab.restore('one');
    const whole = await lab.listing();
    const place = places.find((each) => each.includes('build/finish-tree.js')) ?? '';
    expect(await lab.kill(place, ...build)).toEqual({ kind: 'killed' });
    expect(await lab.listing()).toContain('build');

    const said: string[] = [];
    const log = { info: (event: string) => said.push(event), warn: (event: string) => said.push(event) };
    await sweepLeftovers({ stateDir: lab.state, imagesDir: lab.images }, log);

    expect(said).toEqual(['store.swept']);
    const left = await lab.listing();
    const made = (name: string) =>
      (/^(?:layers|boot-cache|debs)\b/.test(name) && !/\.(?:tmp|new)$/.test(name)) || name.startsWith('0 objects');
    expect(left.filter((name) => !whole.includes(name) && !made(name))).toEqual([]);
  },
  minutesMs,
);
