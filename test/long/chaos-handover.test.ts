/**
 * kill -9 of a build without root, and of root's import of what it hands over: a version is there whole or not at all, and the
 * next try leaves what an undisturbed one leaves. Needs root.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { makeImageKey } from '../../src/host/image-key.ts';
import { imagesDir, listVersions } from '../../src/host/image-store.ts';
import { namespaceArgv } from '../../src/host/user-namespace.ts';
import { tarForm } from '../support/base-forms.ts';
import { BuildLab } from '../support/build-lab.ts';
import { compile, compiledArgv } from '../support/compiled.ts';
import { brokenPlaces, onePerFile, runUndisturbed } from '../support/kill-places.ts';
import { OrdinaryUser } from '../support/ordinary-user.ts';
import type { Ended } from '../support/pi-image.ts';

const lab = new BuildLab();
let dir: string;
let user: OrdinaryUser;
let archive: string;

const state = () => path.join(user.home, 'state');
const newest = async () => (await listVersions(imagesDir(state()), 'tiny'))[0];

beforeAll(async () => {
  await compile();
  const form = await tarForm();
  await lab.open(form.pack);
  await lab.change('one');
  await chmod(lab.dir, 0o755);
  // Where the root of a namespace may write what it records.
  dir = await mkdtemp('/var/tmp/chaos-handover-');
  await chmod(dir, 0o755);
  user = new OrdinaryUser(path.join(dir, 'user'));
  await user.make();
});
afterAll(async () => {
  await lab.close();
  await rm(dir, { recursive: true });
});

/** As the program enters its namespace itself; there it can be killed. @param kill variables of kill-step.mts */
function build(kill: Readonly<Record<string, string>>): Promise<Ended> {
  const [node, program, ...rest] = compiledArgv(lab.dir, '--state', state(), 'build', 'tiny');
  const inside = namespaceArgv([node, '--import', lab.preload, program ?? '', ...rest]);
  const environment = Object.entries(kill).map(([name, value]) => `${name}=${value}`);
  return user.run(['env', ...environment, ...inside]);
}

const verify = () => user.run([...compiledArgv(lab.dir, '--state', state(), 'image', 'verify', 'tiny')]);

async function recordedPlaces(): Promise<string[]> {
  const file = path.join(user.home, 'record');
  const { code, stderr } = await build({ KILL_RECORD: file });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return [...new Set((await readFile(file, 'utf8')).trimEnd().split('\n'))];
}

/** From nothing, killed at a place; then built again. @returns what is wrong; undefined: nothing */
async function brokenAt(place: string, index: string | undefined): Promise<object | undefined> {
  await rm(state(), { recursive: true });
  const killed = await build({ KILL_AT: place });
  const shown = await listVersions(imagesDir(state()), 'tiny');
  const isWhole = shown.length === 0 || (await verify()).code === 0;
  const next = await build({});
  archive = /image import (\S+)$/m.exec(next.stdout)?.[1] ?? '';
  const isSame = (await newest())?.index === index && (await verify()).code === 0;
  const isWell = killed.code === -1 && isWhole && isSame && archive !== '';
  return isWell ? undefined : { place, killed, isWhole, next, isSame };
}

test('of a build: in each part that changes files, and wherever it packs what it hands over', async () => {
  const places = await recordedPlaces();
  const { index } = (await newest()) ?? {};
  const own = places.filter((place) => place.includes('build/hand-over.js'));
  expect(own.length).toBeGreaterThan(4);
  const broken: object[] = [];
  for (const place of new Set([...onePerFile(places), ...own])) {
    const found = await brokenAt(place, index);
    if (found !== undefined) broken.push(found);
  }
  expect(broken).toEqual([]);

  await importIt();
});

/** What the last of these builds has handed over. */
async function importIt(): Promise<void> {
  const command = ['image', 'import', archive] as const;
  // A key that each try would make anew has another name each time.
  const silent = { info: () => undefined, warn: () => undefined };
  await makeImageKey(lab.state, silent);
  await lab.save('keyed');
  const undisturbed = await runUndisturbed(lab, command);
  expect(undisturbed.digest).toBe((await newest())?.index);
  expect(undisturbed.places.join('\n')).toContain('build/import-archive.js');
  expect(await brokenPlaces(lab, undisturbed, { from: 'keyed', command })).toEqual([]);
  expect((await lab.look()).versions).toHaveLength(1);
}
