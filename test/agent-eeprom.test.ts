/** What overlays/base's agent tells of the boot loader in a board's flash, run by the shells that nodes have. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import { agentStorageNode, bootHealthy, shells, type AgentStorageNode } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';

const isAbsent = isMissing('busybox');

let storage: AgentStorageNode;
let node: Awaited<ReturnType<typeof bootHealthy>>;
afterEach(async () => {
  await node.remove();
  await storage.server.stop();
  await storage.remove();
});

async function boot(shell: readonly string[]): Promise<string> {
  storage = await agentStorageNode();
  node = await bootHealthy(storage, shell);
  return path.join(node.dir, 'sys');
}

async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const config = '[all]\nBOOT_ORDER=0xf21\n# 100 % & + ; é\n\n[gpio4=1]\nPSU_MAX_CURRENT=5000';

describe.skipIf(isAbsent).each(shells)('%s', (_name, shell) => {
  test('says once what lies in the flash, with its settings as they are', async () => {
    const sys = await boot(shell);
    const tree = path.join(sys, 'firmware/devicetree/base');
    const loader = path.join(tree, 'chosen/bootloader');
    await put(path.join(loader, 'build-timestamp'), number(1_785_847_093));
    await put(path.join(loader, 'update-timestamp'), number(1_795_248_000));
    await put(path.join(loader, 'capabilities'), number(0x7f));
    await put(path.join(loader, 'version'), '0a7ef05f0123456789abcdef0123456789abcdef\0');
    await put(path.join(tree, 'aliases/blconfig'), '/reserved-memory/nvram@0\0');
    const place = path.join(tree, 'reserved-memory/nvram@0');
    await mkdir(place, { recursive: true });
    for (const [name, text] of [
      ['rmem0', config],
      ['other0', 'secret of another chip'],
    ] as const) {
      await put(path.join(sys, 'bus/nvmem/devices', name, 'nvmem'), `${text}\0\0\0`);
    }
    await symlink(place, path.join(sys, 'bus/nvmem/devices/rmem0/of_node'));
    await symlink(path.join(tree, 'chosen'), path.join(sys, 'bus/nvmem/devices/other0/of_node'));
    node.start();
    await expect.poll(() => storage.heartbeats.of('node01')?.phase, { timeout: 15_000 }).toBe('ready');
    await expect.poll(() => storage.heartbeats.of('node01')?.uptimeSeconds ?? 0).toBeGreaterThan(0);

    expect(storage.eepromReports).toEqual([
      {
        builtAtSeconds: 1_785_847_093,
        updatedAtSeconds: 1_795_248_000,
        capabilities: 0x7f,
        version: '0a7ef05f0123456789abcdef0123456789abcdef',
        config: `${config.replace('é', '  ')}\n`,
      },
    ]);
  });

  test('says nothing on a board that has no such loader', async () => {
    await boot(shell);
    node.start();
    await expect.poll(() => storage.heartbeats.of('node01')?.phase, { timeout: 15_000 }).toBe('ready');

    expect(storage.eepromReports).toEqual([]);
  });
});
