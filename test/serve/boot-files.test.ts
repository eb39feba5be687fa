import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { bootFileFinder, type BootFileContent } from '../../src/serve/boot-files.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleCluster, sampleClusterInput, sampleNode, sampleView } from '../support/sample-view.ts';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
beforeEach(async () => {
  sample = await sampleBoots();
});
afterEach(() => sample.remove());

const node01 = sampleNode('node01');
const elsewhere = parseIpv4('10.42.0.77');

function find(name: string, from = node01.address): Promise<BootFileContent> {
  return bootFileFinder({ ...sample, imagesDir: '/images' })(name, from);
}
const textOf = (content: BootFileContent) => (content.kind === 'bytes' ? Buffer.from(content.bytes).toString() : '');

test('a board gets its own texts, with the token of its boot, at every read', async () => {
  await sample.boots.arrive(node01, '2c:cf:67:01:02:03', 'discover');
  const token = sample.boots.all()[0]?.token ?? 'none';

  for (const name of ['cmdline.txt', '9ffefdef/cmdline.txt', '2c-cf-67-01-02-03/cmdline.txt']) {
    expect(textOf(await find(name))).toContain(`pi_image.token=${token} `);
  }
  expect(textOf(await find('config.txt'))).toContain('kernel=kernel8.img');
});

test('files come from the image version that the boot began with', async () => {
  expect(await find('overlays/README')).toEqual({
    kind: 'file',
    root: '/images/debian-lite/20261121.1/boot',
    path: 'overlays/README',
    sizeBytes: 1000,
    sha256: '0'.repeat(64),
  });
});

test("another node's prefix is missing, and a person is told", async () => {
  expect((await find('10000001/start4.elf')).kind).toBe('missing');
  expect(sample.lines.some((line) => line.startsWith('boot.foreign-prefix'))).toBe(true);
});

describe('no token is given', () => {
  test('to a node that is up', async () => {
    await sample.boots.arrive(node01, 'm', 'discover');
    const [boot] = sample.boots.all();
    if (boot === undefined) throw new Error('no boot');
    await sample.boots.report(boot, { phase: 'overlay', uptimeSeconds: 1, detail: undefined });

    expect((await find('cmdline.txt')).kind).toBe('missing');
    expect((await find('config.txt')).kind).toBe('bytes');
  });

  test('to a prefix at an address of its own making, which gets the files that hold no secret', async () => {
    expect((await find('9ffefdef/cmdline.txt', elsewhere)).kind).toBe('missing');
    expect((await find('9ffefdef/start4.elf', elsewhere)).kind).toBe('file');
    expect(sample.boots.all()).toEqual([]);
  });

  test('to a stranger, who gets nothing at all', async () => {
    for (const name of ['cmdline.txt', 'config.txt', 'start4.elf', 'ffffffff/start4.elf']) {
      expect((await find(name, elsewhere)).kind).toBe('missing');
    }
  });
});

test('a node that cannot boot is told why', async () => {
  sample.world.view = sampleView({ images: new Map() });

  expect(await find('config.txt')).toMatchObject({ kind: 'refused', reason: expect.stringContaining('no version') });
});

test.each(['../../manifest.json', '/etc/passwd', 'a'.repeat(2000), 'a\u0000b'])('%j is refused', async (name) => {
  expect((await find(name)).kind).toBe('refused');
});

describe('a board that waits for a name', () => {
  const hold = (image: string) => sampleCluster({ network: { ...sampleClusterInput.network, hold: image } });
  const board = { mac: parseMac('dc:a6:32:aa:bb:cc'), address: elsewhere, board: 'pi4', firstSeenMs: 1, lastSeenMs: 1 };
  const waiting = (address: string) => (address === elsewhere ? board : undefined);
  const ask = (name: string, from = elsewhere) =>
    bootFileFinder({ ...sample, waiting, imagesDir: '/images' })(name, from);

  test('gets the hold image, and a command line that waits', async () => {
    sample.world.view = sampleView({ cluster: hold('debian-lite') });

    expect(textOf(await ask('cmdline.txt'))).toContain('pi_image.hold=1');
    expect(await ask('start4.elf')).toMatchObject({ kind: 'file', root: '/images/debian-lite/20261121.1/boot' });
    expect(await ask('boot.img')).toMatchObject({ kind: 'missing' });
    expect(await ask('start4.elf', parseIpv4('10.42.0.78'))).toMatchObject({ kind: 'missing' });
    expect(sample.boots.all()).toEqual([]);
  });

  test('as does a node that has nothing proved to go back to, without a token', async () => {
    sample.world.view = sampleView({ cluster: hold('debian-lite') });
    const refused = { kind: 'refused', reason: 'it waits', isOnHold: true } as const;
    const boots = { ...sample.boots, arrive: () => Promise.resolve(refused) };
    const site = { ...sample.site, desired: () => refused };
    const find01 = bootFileFinder({ ...sample, boots, site, imagesDir: '/images' });

    for (const prefix of ['', '9ffefdef/', '2c-cf-67-01-02-03/']) {
      const line = textOf(await find01(`${prefix}cmdline.txt`, node01.address));
      expect(line).toContain('pi_image.hold=1');
      expect(line).not.toContain('pi_image.token');
    }
  });

  test('is told what is wrong with that image, or that there is none', async () => {
    sample.world.view = sampleView({ cluster: hold('absent') });
    expect(await ask('config.txt')).toMatchObject({ kind: 'refused' });

    sample.world.view = sampleView();
    expect(await ask('config.txt')).toMatchObject({ kind: 'missing' });
  });
});
