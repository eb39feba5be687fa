/** Storms against the real service: on a lossy network, among hostile neighbours, and ended by force. Needs root. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import type { StormResult } from '../../src/rack/storm/inside.ts';
import { piImage, processesWith, startPiImage, tracesOf } from '../support/pi-image.ts';

const patienceMs = 170_000;

/** More than it needs from dist/: these tests run it from its sources, whose loader stays in memory. */
const mostBytes = 320_000_000;

async function storm(...flags: readonly string[]): Promise<StormResult & { readonly exitCode: number }> {
  const { code, stdout, stderr } = await piImage(['rack', 'storm', ...flags, '-o', 'json'], patienceMs);
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { ...(JSON.parse(stdout) as StormResult), exitCode: code };
}

/** Kernel and initramfs are smaller than real ones, so that a lost block costs no minutes. */
const small = ['--kernel', '1M', '--initramfs', '500k', '--seed', '1'];

test('64 boards complete although one round trip of a hundred fails', async () => {
  const mix = ['--board', 'pi4:2,pi5:2', '--loss', '1', '--deadline', '100s'];
  const result = await storm('--boards', '64', ...mix, ...small);

  expect(result).toMatchObject({ exitCode: 0, boards: 64, complete: 64, errors: [], unfinished: [] });
  expect(result.server.ends).toBe(0);
  expect(result.server.peakRssBytes).toBeLessThan(mostBytes);
  expect(result.phases.complete?.p50Ms).toBeGreaterThan(1000);
});

test('boards of every kind boot while hostile neighbours send all they have', async () => {
  const rates = ['discover=1000', 'halfOpen=500', 'spoofedAck=2000', 'oversized=500'];
  const time = ['--repeat', '15s', '--deadline', '80s'];
  const result = await storm('--boards', '32', '--flood', rates.join(','), ...time, ...small);

  expect(result).toMatchObject({ exitCode: 0, complete: 32, errors: [] });
  expect(result.boots).toBeGreaterThan(64);
  expect(result.floodFrames).toBeGreaterThan(40_000);
  expect(result.server.ends).toBe(0);
  expect(result.server.peakRssBytes).toBeLessThan(mostBytes);
});

test('a board that is not complete in time is an error, and is named', async () => {
  const result = await storm('--boards', '3', '--board', 'pi4', '--loss', '50', '--deadline', '5s', ...small);

  expect(result.exitCode).toBe(1);
  expect(result.unfinished).toContain('node0001');
});

describe('a storm that is ended', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('by %s leaves nothing', async (signal) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'storm-'));
    const child = startPiImage(['rack', 'storm', '--boards', '16', '--dir', dir, '--loss', '20', ...small]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 60_000, interval: 200 }).toContain('have an address');
    expect(await processesWith(dir)).not.toEqual([]);

    child.kill(signal);
    await ended;
    await expect.poll(() => processesWith(dir), { timeout: 20_000, interval: 200 }).toEqual([]);
    expect(await tracesOf(dir)).toEqual([]);
    await rm(dir, { recursive: true });
  });
});
