/** A rack comes up, goes down, and leaves nothing, however it ends. Needs root. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import {
  buildImage,
  imageState,
  piImage,
  processesWith,
  startPiImage,
  tracesOf,
  type Ended,
} from '../support/pi-image.ts';

let dir: string;

beforeAll(async () => {
  await buildImage();
  dir = await mkdtemp(path.join(tmpdir(), 'pi-image-rack-'));
});

afterEach(async () => {
  await piImage(['rack', 'down', '--dir', dir]);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const up = (...args: readonly string[]) => piImage(['--state', imageState, 'rack', 'up', '--dir', dir, ...args]);

async function mustUp(): Promise<Ended> {
  const ended = await up();
  if (ended.code !== 0) throw new Error(ended.stderr);
  return ended;
}

async function rackPid(): Promise<number> {
  const record = JSON.parse(await readFile(path.join(dir, 'rack.json'), 'utf8')) as { process: { pid: number } };
  return record.process.pid;
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processesWith(dir), { timeout: 20_000, interval: 200 }).toEqual([]);
  expect(await tracesOf(dir)).toEqual([]);
}

describe('a rack', () => {
  test('comes up healthy with its boards off, and goes down without a trace', async () => {
    const { stdout } = await mustUp();
    expect(stdout).toMatch(/^head +pi4 +controller +10\.42\.0\.11 +off/m);
    expect(stdout).toContain('service: healthy');
    expect(await processesWith(path.join(dir, 'state', 'nfs', 'ganesha.conf'))).toHaveLength(1);

    expect(await piImage(['rack', 'down', '--dir', dir])).toMatchObject({ code: 0, stdout: 'the rack is down\n' });
    await expectNothingLeft();
  });

  test('that was killed leaves nothing but files, and the next one starts', async () => {
    await mustUp();
    process.kill(await rackPid(), 'SIGKILL');
    await expectNothingLeft();

    const status = await piImage(['rack', 'status', '--dir', dir]);
    expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining('the rack does not answer') as string });
    await mustUp();
  });

  test('refuses a second one in its folder', async () => {
    await mustUp();
    const second = await up();
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`pi-image: a rack is already up in ${dir}\n`);
    expect(second.stderr).toContain('hint: Take it down with');
  });

  test('runs commands on its storage node, and names a board that it has not', async () => {
    await mustUp();
    const { stdout } = await piImage(['rack', 'exec', '--dir', dir, '--', 'ip', '-o', '-4', 'address']);
    expect(stdout).toContain('10.42.0.1/24');
    const unknown = await piImage(['rack', 'boot', 'node07', '--dir', dir]);
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.stderr).toContain('there is no board node07 in the rack; boards are: head, node01');
  });
});

describe('a rack in the foreground', () => {
  test.each([
    ['ends with Ctrl-C', 'SIGINT'],
    ['ends when it is killed', 'SIGKILL'],
  ] as const)('%s', async (_name, signal) => {
    const child = startPiImage(['--state', imageState, 'rack', 'up', '--dir', dir, '--foreground']);
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const said = await new Promise<string>((resolve) => {
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('Ctrl-C takes it down')) resolve(text);
      });
      child.once('close', () => resolve(text));
    });
    expect(said, `it said: ${complaints}`).toContain('Ctrl-C takes it down');
    child.kill(signal);
    await expectNothingLeft();
  });
});

test('a rack without its image says how to make it', async () => {
  const { code, stderr } = await up('--image', 'pios-nowhere');
  expect(code).toBe(1);
  expect(stderr).toContain('there is no image pios-nowhere');
  expect(stderr).toContain('hint: Run "pi-image build pios-nowhere".');
});
