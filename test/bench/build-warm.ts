/** Builds of an image that is there already: nothing changed, a package more, and what its second version costs. */
import path from 'node:path';

import { prepareBuild } from '../../src/build/prepare-build.ts';
import type { BuildRequest } from '../../src/build/running-build.ts';
import { runBuild } from '../../src/build/run.ts';
import { readImageSpec } from '../../src/host/config-files.ts';
import { run } from '../../src/host/process.ts';
import type { BuildFigure } from './build-figures.ts';
import type { BuildSite } from './build-site.ts';
import { median } from './figures.ts';

const rounds = 5;
const addedPackage = 'tree';

/** The archives are asked each time. */
export async function measureUnchanged(site: BuildSite): Promise<BuildFigure[]> {
  await site.build('bench', '--update');
  const walls: number[] = [];
  for (let round = 0; round < rounds; round += 1) walls.push((await site.build('bench', '--update')).wallSeconds);
  return [{ what: 'nothing changed, archives asked: wall', value: median(walls), unit: 's', atMost: 1 }];
}

/** The package itself is there, as another image has it; its layer is made anew in each round. */
export async function measureOneMore(site: BuildSite): Promise<BuildFigure[]> {
  await site.writeImage('other', addedPackage);
  await site.build('other');
  const costs: Addition[] = [];
  for (let round = 0; round < rounds; round += 1) costs.push(await addPackage(site, `round-${round}`));
  const middle = (of: (cost: Addition) => number) => median(costs.map((cost) => of(cost)));
  return [
    { what: 'one package added: CPU', value: middle(({ cpuSeconds }) => cpuSeconds), unit: 's', atMost: 4 },
    { what: 'one package added: wall', value: middle(({ wallSeconds }) => wallSeconds), unit: 's', atMost: 8 },
    { what: 'disk of a second version that differs by it', value: middle(({ mb }) => mb), unit: 'MB', atMost: 15 },
  ];
}

interface Addition {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly mb: number;
}

async function addPackage(site: BuildSite, image: string): Promise<Addition> {
  await site.writeImage(image);
  await site.build(image);
  await site.dropNewestLayer();
  const before = await usedBytes(site);
  await site.writeImage(image, addedPackage);
  const { cpuSeconds, wallSeconds } = await site.build(image);
  return { cpuSeconds, wallSeconds, mb: ((await usedBytes(site)) - before) / 1e6 };
}

async function usedBytes(site: BuildSite): Promise<number> {
  const { signal } = new AbortController();
  const images = path.join(site.state, 'exports');
  const text = await run(['du', '--summarize', '--block-size=1', '--one-file-system', images], { signal });
  return Number.parseInt(text, 10);
}

const publishing = /^(?:one tree|seal|look for secrets|publish)/;

/** From layers that are there to a version with a name: everything after them but boot files, which are kept. */
export async function measurePublish(site: BuildSite): Promise<BuildFigure[]> {
  const timings = await timeSteps(site, 'again');
  const seconds = timings.filter(({ title }) => publishing.test(title)).reduce((sum, each) => sum + each.seconds, 0);
  const last = timings.find(({ title }) => title.startsWith('publish'))?.seconds ?? Number.NaN;
  return [
    { what: 'a version out of layers: tree, seal, look for secrets, publish', value: seconds, unit: 's' },
    { what: 'publish', value: last, unit: 's', atMost: 1 },
  ];
}

interface StepTime {
  readonly title: string;
  readonly seconds: number;
}

/** The same layers under another name: a version of its own of what the store has already. */
async function timeSteps(site: BuildSite, name: string): Promise<StepTime[]> {
  await site.writeImage(name, addedPackage);
  const times: { title: string; beganMs: number }[] = [];
  const request = await requestOf(site, name, (title) => times.push({ title, beganMs: performance.now() }));
  const overrides = { mirrors: {}, keyrings: {} };
  const planned = await prepareBuild(request, { update: false, overrides, onlyPlan: false });
  if (planned.kind === 'base-first') throw new Error('debian-lite has a base of packages');
  await runBuild(request, planned);
  times.push({ title: 'end', beganMs: performance.now() });
  return times.slice(0, -1).map(({ title, beganMs }, index) => ({
    title,
    seconds: ((times[index + 1]?.beganMs ?? Number.NaN) - beganMs) / 1000,
  }));
}

async function requestOf(site: BuildSite, name: string, onStep: (title: string) => void): Promise<BuildRequest> {
  const { spec, dir } = await readImageSpec([site.dir], name);
  const silent = () => undefined;
  return {
    name,
    spec,
    specDir: dir,
    isOwnSpec: true,
    offline: false,
    scriptsDir: path.resolve(import.meta.dirname, '../../boot/initramfs'),
    stateDir: site.state,
    now: () => new Date(),
    progress: { step: ({ title }) => onStep(title), detail: silent, note: silent, output: silent },
    signal: new AbortController().signal,
  };
}
