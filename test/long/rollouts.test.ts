/** Versions of an image that are rolled out to boards that boot: a broken one ends at its canary, the next one reaches all. Root. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ShownRollout } from '../../src/api/schemas/rollout.ts';
import { buildImage } from '../support/pi-image.ts';
import { makeSampleImage, shippedLayers, type SampleImage } from '../support/sample-image.ts';
import { raiseSlurmRack, slowRack, type SlurmRack } from '../support/slurm-rack.ts';

const nodes = ['node01', 'node02'];

let image: SampleImage;
let rack: SlurmRack;
/** What has to be undone, the last first. */
const undo: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await buildImage();
  image = await makeSampleImage('rollouts-test');
  undo.unshift(() => image.remove());
  await publish('');
  rack = await raiseSlurmRack(image.name, nodes);
  undo.unshift(() => rack.down());
}, 2 * slowRack.timeout);

afterAll(async () => {
  for (const step of undo) await step();
});

/** debian-lite with one more layer. @returns the version, as `name@version` */
async function publish(layer: string): Promise<string> {
  await image.describe(`${await shippedLayers('debian-lite')}${layer}`);
  const { code, stderr } = await image.build();
  if (code !== 0) throw new Error(stderr);
  return `${image.name}@${(await image.versions()).at(-1)}`;
}

/** A layer whose slurmd runs a command before it starts. */
async function layerWith(name: string, command: string): Promise<string> {
  const file = image.file(`${name}/etc/systemd/system/slurmd.service.d/${name}.conf`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `[Service]\nExecStartPre=/bin/sh -c '${command}'\n`);
  return `  - { name: ${name}, files: ${name} }\n`;
}

const rollout = async (id: string) => (await rack.ask(`/rollouts/${id}`)) as ShownRollout;

/** What each node runs, and how often it was started. */
const running = () =>
  Promise.all(
    nodes.map(async (node) => {
      const { status } = await rack.node(node);
      return [status.state, status.running?.image, await rack.powerOns(node)];
    }),
  );

/** The service has seen it. */
async function startOf(version: string) {
  const planned = async () => (await rack.run('rollout', 'start', 'compute', '--retry', '--dry-run')).stdout;
  await expect.poll(planned, { timeout: 60_000, interval: 1000 }).toContain(`-> ${version}\n`);
  return ['rollout', 'start', 'compute', '--canary', '1', '--soak', '10s'];
}

test('a broken version stops at the canary, which goes back by itself, and reaches nobody else', slowRack, async () => {
  const [[, before]] = (await running()) as [[string, string]];
  const broken = await publish(await layerWith('broken', 'echo no such cgroup >&2; exit 1'));

  const tried = await rack.run(...(await startOf(broken)), '--wait');

  expect([tried.code, tried.stderr]).toEqual([
    1,
    expect.stringMatching(/rollout 1: rolled-back: node01: slurmd\.service: no such cgroup/),
  ]);
  expect(await rollout('1')).toMatchObject({
    state: 'rolled-back',
    from: before,
    target: { image: broken },
    nodes: [
      { node: 'node01', wave: 0, result: 'fell-back' },
      { node: 'node02', wave: 1 },
    ],
  });
  expect((await rollout('1')).nodes[1]?.result).toBeUndefined();
  expect(await running()).toEqual([
    ['ready', before, 3],
    ['ready', before, 1],
  ]);
  await rack.idle(...nodes);
});

test(
  'it is not tried again unawares, and its successor goes to the canary and then to the other',
  slowRack,
  async () => {
    const again = await rack.run('rollout', 'start', 'compute');
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/node01 did not come up in it in operation 1: slurmd\.service: no such cgroup/),
    ]);
    const mended = await publish(await layerWith('mended', 'true'));

    const done = await rack.run(...(await startOf(mended)), '--wait');

    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringMatching(/node01: done[^]*node02: done[^]*rollout 2: done/),
    ]);
    expect(await running()).toEqual([
      ['ready', mended, 4],
      ['ready', mended, 2],
    ]);
    await rack.idle(...nodes);
  },
);
