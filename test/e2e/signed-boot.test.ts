/** A board boots signed from power-on to its system: HTTP, signature, FAT, kernel in QEMU, token, root, overlay. Needs root. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { buildImage, imageState, piImage } from '../support/pi-image.ts';

let dir: string;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-signed-'));
});

afterAll(async () => {
  await piImage(['rack', 'down', '--dir', dir]);
  await rm(dir, { recursive: true, force: true });
});

const serviceLog = () => readFile(path.join(dir, 'logs', 'service.log'), 'utf8').catch(() => '');
const ofBoard = (name: string) => readFile(path.join(dir, 'boards', 'node01', name), 'utf8');

test('a Pi 4 with HTTP in its BOOT_ORDER loads one signed file, and its system comes up', async () => {
  const spec = path.join(dir, 'rack.yaml');
  // The controller is off: it is there because Slurm's tables name one.
  const boards = ['{ name: head, role: controller }', '{ name: node01, role: login, bootOrder: http }'];
  await writeFile(spec, `image: debian-lite\nboards:\n${boards.map((board) => `  - ${board}\n`).join('')}`);
  const { code, stderr } = await piImage(['--state', imageState, 'rack', 'up', '--dir', dir, '-f', spec]);
  expect([code, stderr]).toEqual([0, expect.any(String)]);

  await piImage(['rack', 'boot', 'node01', '--dir', dir]);
  await expect
    .poll(serviceLog, { timeout: 600_000, interval: 2000 })
    .toMatch(/boot\.phase phase=userspace node=node01/);

  const files = (await ofBoard('firmware.log')).match(/"path":"[^"]*"/g);
  expect(files).toEqual(['"path":"boot.sig"', '"path":"boot.img"']);
  expect(await ofBoard('cmdline.txt')).toMatch(/pi_image\.boot=signed/);
  expect(await ofBoard('cmdline.txt')).not.toMatch(/token|pi_image\.id/);
  const log = await serviceLog();
  expect(log).toMatch(/boot\.token-given node=node01/);
  expect(log).not.toMatch(/tftp\.served|boot\.token-refused|boot\.failed/);
});
