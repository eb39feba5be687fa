/** What overlays/base's agent tells of voltage and heat, run by the shells that nodes have. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import { agentStorageNode, bootHealthy, shells, type AgentStorageNode } from './support/agent-node.ts';
import { isMissing, isThere } from './support/programs.ts';

const isAbsent = isMissing('busybox');

let storage: AgentStorageNode;
let node: Awaited<ReturnType<typeof bootHealthy>>;
afterEach(async () => {
  await node.remove();
  await storage.server.stop();
  await storage.remove();
});

async function boot(shell: readonly string[]): Promise<void> {
  storage = await agentStorageNode();
  node = await bootHealthy(storage, shell);
}

async function addVcgencmd(says: string): Promise<void> {
  const file = path.join(node.dir, 'bin/vcgencmd');
  await writeFile(file, `#!/bin/sh\n[ "$*" = get_throttled ] && ${says}\n`);
  await chmod(file, 0o755);
}

/** As the kernel shows a sensor. */
async function addSensor(number: number, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(node.dir, `sys/class/hwmon/hwmon${number}`);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

async function heard(): Promise<number | undefined> {
  node.start();
  await expect.poll(() => storage.heartbeats.of('node01')?.phase, { timeout: 15_000 }).toBe('ready');
  return storage.heartbeats.of('node01')?.throttled;
}

describe.skipIf(isAbsent).each(shells)('%s', (_name, shell) => {
  test.each([
    ['what the firmware says', 'echo throttled=0x50005', 0x50005],
    ['that nothing holds it back', 'echo throttled=0x0', 0],
    ['nothing where the firmware does not answer', 'echo "VCHI initialization failed"; exit 255', undefined],
  ])('tells %s', async (_what, says, bits) => {
    await boot(shell);
    await addVcgencmd(says);
    await addSensor(0, { name: 'rpi_volt\n', in0_lcrit_alarm: '1\n' });

    expect(await heard()).toBe(bits);
  });
});

describe.skipIf(isAbsent)('without vcgencmd', () => {
  test.skipIf(isThere('vcgencmd')).each([
    ['an alarm of the voltage', '1\n', 1],
    ['none', '0\n', 0],
  ])('%s is what the kernel says', async (_what, alarm, bits) => {
    await boot(['dash']);
    await addSensor(0, { name: 'cpu_thermal\n', in0_lcrit_alarm: '7\n' });
    await addSensor(1, { name: 'rpi_volt\n', in0_lcrit_alarm: alarm });

    expect(await heard()).toBe(bits);
  });

  test('a machine that is no Pi says nothing', async () => {
    await boot(['dash']);

    expect(await heard()).toBeUndefined();
  });
});
