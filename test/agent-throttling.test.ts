/** What overlays/base's agent tells of voltage and heat, run by the shells that nodes have. */
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
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

const textfiles = () => path.join(node.root, 'var/lib/prometheus/node-exporter');

/** What Debian's package leaves in an image. */
const addNodeExporter = () => mkdir(textfiles(), { recursive: true });

/** Lines of its textfile, without those for people. */
async function exported(): Promise<string[]> {
  const text = await readFile(path.join(textfiles(), 'pi-image.prom'), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
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

const throttledLines = (name: string, ...values: readonly number[]) => [
  `# TYPE ${name} gauge`,
  ...['under-voltage', 'frequency-capped', 'throttled', 'soft-temperature-limit'].map(
    (reason, index) => `${name}{reason="${reason}"} ${values[index]}`,
  ),
];

describe.skipIf(isAbsent).each(shells)('for node_exporter, %s', (_name, shell) => {
  test('writes what the firmware says, where anybody can read it', async () => {
    await boot(shell);
    await addVcgencmd('echo throttled=0x50004');
    await addNodeExporter();

    await heard();
    expect(await exported()).toEqual([
      ...throttledLines('pi_image_throttled', 0, 0, 1, 0),
      ...throttledLines('pi_image_throttled_since_boot', 1, 0, 1, 0),
    ]);
    expect((await stat(path.join(textfiles(), 'pi-image.prom'))).mode & 0o777).toBe(0o644);

    await addVcgencmd('echo throttled=0x50000');
    await expect.poll(async () => (await exported())[3], { timeout: 15_000 }).toMatch(/"throttled"} 0$/);
  });

  test('takes back what nobody says any more, and writes through no link', async () => {
    await boot(shell);
    await addVcgencmd('echo throttled=0x1');
    await addNodeExporter();
    await writeFile(path.join(node.dir, 'other'), 'mine\n');
    await symlink(path.join(node.dir, 'other'), path.join(textfiles(), 'pi-image.prom.new'));

    await heard();
    expect((await exported())[1]).toMatch(/ 1$/);
    expect(await readFile(path.join(node.dir, 'other'), 'utf8')).toBe('mine\n');

    await addVcgencmd('exit 255');
    await expect.poll(() => readdir(textfiles()), { timeout: 15_000 }).toEqual([]);
  });

  test('writes nothing where there is none', async () => {
    await boot(shell);
    await addVcgencmd('echo throttled=0x1');

    await heard();
    await expect(stat(textfiles())).rejects.toThrow('ENOENT');
  });
});

describe.skipIf(isAbsent)('without vcgencmd', () => {
  test.skipIf(isThere('vcgencmd'))('node_exporter is told of the voltage alone', async () => {
    await boot(['dash']);
    await addNodeExporter();
    await addSensor(1, { name: 'rpi_volt\n', in0_lcrit_alarm: '1\n' });

    await heard();
    expect(await exported()).toEqual([
      '# TYPE pi_image_throttled gauge',
      'pi_image_throttled{reason="under-voltage"} 1',
    ]);
  });

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
