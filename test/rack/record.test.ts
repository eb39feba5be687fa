/** A pid is believed to be the rack only when it is the same process. */
import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { RackSpec } from '../../src/model/rack-spec.ts';
import { parseStat, readBootId, readProcess } from '../../src/rack/process-facts.ts';
import { findRack, type RackRecord } from '../../src/rack/record.ts';

const spec = RackSpec.parse({ boards: [{ name: 'head', role: 'controller' }] });
const base: RackRecord = { spec, imagesDir: '/images', hostNamespaces: { net: 'net:[1]', mnt: 'mnt:[1]' } };

async function ourselves(): Promise<NonNullable<RackRecord['process']>> {
  const facts = await readProcess(process.pid);
  return { pid: process.pid, startTicks: facts?.startTicks ?? -1, bootId: await readBootId() };
}

describe('the process of a rack', () => {
  test('is found while it runs', async () => {
    expect(await findRack({ ...base, process: await ourselves() })).toBe(process.pid);
  });

  test('is not another one that has its pid now', async () => {
    const own = await ourselves();
    expect(await findRack({ ...base, process: { ...own, startTicks: own.startTicks - 1 } })).toBeUndefined();
  });

  test('is not one of before the machine was restarted', async () => {
    const own = await ourselves();
    expect(await findRack({ ...base, process: { ...own, bootId: 'another' } })).toBeUndefined();
  });

  test('is not one that has ended', async () => {
    const own = await ourselves();
    const lastPid = Number(await readFile('/proc/sys/kernel/pid_max', 'utf8'));
    expect(await findRack({ ...base, process: { ...own, pid: lastPid } })).toBeUndefined();
  });

  test('is unknown in a folder where none stood', async () => {
    expect(await findRack(undefined)).toBeUndefined();
  });
});

test('a name with brackets and blanks does not shift the fields of /proc/PID/stat', () => {
  const numbers = Array.from({ length: 20 }, (_, index) => String(index + 3));
  const text = `42 (a) b (c)) Z ${numbers.slice(1).join(' ')}\n`;
  expect(parseStat(text)).toEqual({ startTicks: 22, cpuSeconds: (14 + 15 + 16 + 17) / 100, isZombie: true });
});
