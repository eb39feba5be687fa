/** Updates of EEPROMs through the whole service: a virtual board's loader asks over real TFTP, and the service is killed on the way. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import { parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { firmwareStages } from '../../src/rack/firmware-files.ts';
import type { Flash } from '../../src/rack/self-update.ts';
import { eepromImage, networkConfig } from '../support/eeprom-image.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const serial = '1aa2bb31';
const node = { mac: boardMac, serial, board: 'pi4', address: boardAddress, role: 'compute' };
const files = { 'start4.elf': 2000, 'fixup4.dat': 500, 'kernel8.img': 40_000, 'bcm2711-rpi-4-b.dtb': 900 };

let site: ServeFixture;
let service: Awaited<ReturnType<ServeFixture['serve']>>;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  await site.publish('20261121.2', 'second\n', files);
  await site.apply([
    { name: 'node01', ...node },
    { name: 'node02', ...node, mac: 'dc:a6:32:00:00:02', serial: '1aa2bb32', address: '10.42.0.12' },
  ]);
}, 30_000);
afterEach(() => site.close());

const fetched: string[] = [];

/** undefined: there is no such file. */
async function tftp(name: string): Promise<Uint8Array | undefined> {
  const file = path.join(site.dir, 'fetched');
  const got = await site.onBoard('curl', '-sS', '-o', file, `tftp://${storageAddress}/${name}`).catch(() => undefined);
  if (got === undefined) return undefined;
  fetched.push(name);
  return readFile(file);
}

/** From power-on until its loader starts something, or begins anew. */
async function loader(flash: Flash): Promise<string> {
  await site.powerOn();
  fetched.length = 0;
  const who = { board: 'pi4', serial: parseSerial(serial), mac: parseMac(boardMac), revision: 0xc03115 } as const;
  const [stage] = firmwareStages({ ...who, eeprom: '2026-08-04', selfUpdate: flash });
  if (stage === undefined) throw new Error('a Pi 4 has one stage');
  const asking = stage();
  let step = asking.next(undefined);
  while (step.done !== true) {
    if (step.value.path.endsWith('start4.elf') && step.value.mode === 'load') return 'start4.elf';
    step = asking.next(await tftp(step.value.path));
  }
  return step.value.kind === 'stuck' ? step.value.reason : step.value.kind;
}

async function states(): Promise<Record<string, string>> {
  const answer = await request(site.socket, 'GET', '/eeproms');
  const rows = answer.kind === 'answer' ? (answer.body as { node: string; state: string }[]) : [];
  return Object.fromEntries(rows.map(({ node: name, state }) => [name, state]));
}

test('a canary takes its update once, under its own prefix, also from a service that was killed; then comes the next', async () => {
  service = await site.serve();
  const image = eepromImage();
  const file = path.join(site.dir, 'pieeprom.bin');
  await writeFile(file, image);
  const flash: Flash = { content: eepromImage({ builtAtSeconds: 1_600_000_000 }), updatedAtSeconds: 1_600_000_000 };

  expect(await loader(flash)).toBe('start4.elf');
  expect(fetched.some((name) => name.includes('pieeprom'))).toBe(false);

  const shown = await site.command('node', 'eeprom', 'set', 'node[01-02]', '--image', file);
  expect(shown).toMatch(/node01 .* staged/);
  expect(shown).toMatch(/node02 .* waiting +waits for node01/);
  service.signal('SIGKILL');
  await service.ended;
  service = await site.serve();

  for (const name of ['pieeprom.sig', 'pieeprom.upd', '1aa2bb32/pieeprom.upd', `${serial}/recovery.bin`]) {
    expect([name, await tftp(name)]).toEqual([name, undefined]);
  }
  expect(await loader(flash)).toBe('it has written its own flash, and resets');
  expect(Buffer.compare(flash.content, image)).toBe(0);
  expect(await states()).toEqual({ node01: 'asked', node02: 'waiting' });

  // It is not newer than itself.
  expect(await loader(flash)).toBe('start4.elf');
  expect(fetched.filter((name) => name.includes('pieeprom'))).toEqual([`${serial}/pieeprom.sig`]);

  const sum = createHash('sha256').update(image).digest('hex');
  const signature = Buffer.from((await tftp(`${serial}/pieeprom.sig`)) ?? []).toString();
  expect(signature).toBe(`${sum}\nts: ${flash.updatedAtSeconds}\ntarget-soc: 2711\n`);

  await bootAndReport(flash);
  await expect.poll(states, { timeout: 15_000 }).toEqual({ node01: 'updated', node02: 'staged' });
  expect(await site.command('node', 'eeprom', 'cancel')).toMatch(/node02 .* unknown/);
  expect(await states()).toEqual({ node01: 'current', node02: 'unknown' });
});

/** As its initramfs and its agent do: the device tree says what the loader is. */
async function bootAndReport({ updatedAtSeconds }: Flash): Promise<void> {
  const http = `http://${storageAddress}/boot/v1`;
  const curl = (...args: readonly string[]) => site.onBoard('curl', '-sS', '-f', ...args);
  const line = await site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
  const bearer = (of: string) => ['-H', `authorization: Bearer ${of}`] as const;
  const token = bearer(/pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none');
  const tar = path.join(site.dir, 'overlay.tar');
  await curl(...token, '-o', tar, `${http}/overlay.tar`);
  const digest = createHash('sha256')
    .update(await readFile(tar))
    .digest('hex');
  await curl(...token, '-d', `phase=overlay&uptime=3&agent=yes&digest=${digest}`, `${http}/phase`);
  const key = bearer((await site.onBoard('tar', '-xOf', tar, 'etc/pi-image/boot.key')).trim());
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const config = encodeURIComponent(networkConfig);
  const form = `build=${hex(1_785_847_093)}&update=${hex(updatedAtSeconds)}&capabilities=0000007f&config=${config}`;
  await curl(...key, '-d', form, `${http}/eeprom`);
  expect(await states()).toMatchObject({ node01: 'asked' });
  await curl(...key, '-d', 'phase=ready&uptime=9', `${http}/phase`);
}
