/** A board without a name in QEMU: the hold boot of a built image, a name by the API, and its first boot as a node. Needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import type { WaitingBoard } from '../../src/model/state.ts';
import { buildImage, imageState, piImage, piImageWorks } from '../support/pi-image.ts';

const spec = `image: debian-lite
boards:
  - { name: head, role: controller }
  - { name: found, role: login, board: pi4 }
`;
const mac = 'dc:a6:32:00:ac:02';

let dir: string;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-hold-'));
  await writeFile(path.join(dir, 'rack.yaml'), spec);
  await piImageWorks('--state', imageState, 'rack', 'up', '--dir', dir, '-f', path.join(dir, 'rack.yaml'));
});

afterAll(async () => {
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

/** Asks the rack's own service. */
const ofRack = (...args: readonly string[]) =>
  piImageWorks('--runtime', path.join(dir, 'run'), '--state', path.join(dir, 'state'), ...args);

async function waiting(): Promise<WaitingBoard | undefined> {
  const boards = JSON.parse(await ofRack('node', 'unknown', '-o', 'json')) as readonly WaitingBoard[];
  return boards.find((board) => board.mac === mac);
}

async function phases(): Promise<readonly string[]> {
  const shown = JSON.parse(await ofRack('node', 'show', 'node01', '-o', 'json')) as { status: { lastBoot?: Boot } };
  return shown.status.lastBoot?.phases.map(({ phase }) => phase) ?? [];
}

const consoleText = () => readFile(path.join(dir, 'boards', 'found', 'console.log'), 'utf8');

test('it waits, shows what it is, blinks, and starts again by itself when it has a name', async () => {
  const cluster = path.join(dir, 'cluster.yaml');
  const before = await readFile(cluster, 'utf8');
  await writeFile(cluster, before.replace('  pool:', '  hold: debian-lite\n  pool:'));
  await expect
    .poll(() => readFile(path.join(dir, 'logs', 'service.log'), 'utf8'), { timeout: 20_000 })
    .toContain('config.loaded');
  await ofRack('node', 'remove', 'found', '--yes');

  await piImageWorks('rack', 'boot', 'found', '--dir', dir);
  await expect.poll(waiting, { timeout: 240_000, interval: 2000 }).toMatchObject({ hold: expect.anything() as object });
  expect(await waiting()).toMatchObject({ board: 'pi4', serial: 'ac000002', memoryMib: expect.any(Number) as number });
  await expect.poll(consoleText).toContain(`pi-image node adopt ${mac} NAME --role ROLE --address ADDRESS`);
  await ofRack('node', 'blink', mac);
  await expect.poll(consoleText, { timeout: 30_000 }).toContain('the storage node asked this board to blink');
  expect(await consoleText()).not.toMatch(/pi-image: \S+ (?:network|root|overlay) /);

  await ofRack('node', 'adopt', '--pattern', 'node[01-08]', '--role', 'login', '--first-address', '10.42.0.31');
  await expect.poll(phases, { timeout: 300_000, interval: 2000 }).toContain('overlay');
  expect(await consoleText()).toContain('this board has a name now');
  expect(await waiting()).toBeUndefined();
});
