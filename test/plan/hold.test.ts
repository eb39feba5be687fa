/** What a board without a name boots, with the templates that ship. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { boardNames, type BoardName } from '../../src/model/board.ts';
import { tokenSlot } from '../../src/model/generation.ts';
import { parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { decideBootFile } from '../../src/plan/boot-files.ts';
import { planHold } from '../../src/plan/hold.ts';
import { sampleCluster, sampleClusterInput, sampleManifest, sampleView } from '../support/sample-view.ts';

const bootDir = path.resolve(import.meta.dirname, '../../boot');
const read = (...parts: string[]) => readFileSync(path.join(bootDir, ...parts), 'utf8');
const mac = parseMac('dc:a6:32:aa:bb:cc');

function templatesOf(board: BoardName) {
  const names = board === 'uefi' ? ['autoexec.ipxe', 'pxelinux.cfg'] : [];
  const texts = new Map(names.map((name) => [name, read(board, `${name}.hbs`)]));
  const both = { configTxt: read(board, 'config.txt.hbs'), cmdlineTxt: read(board, 'cmdline.txt.hbs') };
  return { ...both, ...(names.length > 0 && { texts }) };
}

const view = sampleView({
  cluster: sampleCluster({ network: { ...sampleClusterInput.network, hold: 'debian-lite' } }),
  boardTemplates: new Map(boardNames.map((board) => [board, templatesOf(board)])),
});

function ask(name: string, board?: string, of = view, serial?: string) {
  const waiting = { mac, ...(board !== undefined && { board }), ...(serial && { serial: parseSerial(serial) }) };
  const hold = planHold(waiting, name, of);
  if (hold.kind === 'none') return hold;
  return decideBootFile({ path: name, boot: hold.boot, nodes: of.nodes });
}

function textOf(name: string, board?: string): string {
  const decision = ask(name, board);
  return decision.kind === 'text' ? Buffer.from(decision.bytes).toString() : decision.kind;
}

test.each(boardNames)('a %s reads what waits for a name, and nothing of a node', async (board) => {
  const shown = `${textOf('config.txt', board)}---\n${textOf('cmdline.txt', board)}`;

  await expect(shown).toMatchFileSnapshot(`../golden/boot/${board}/hold.txt`);
  expect(shown).toContain('pi_image.hold=1');
  expect(shown).not.toMatch(/token|pi_image\.(?:root|id|nfs)/);
  expect(shown).not.toContain(tokenSlot);
  for (const { name } of view.nodes) expect(shown).not.toMatch(new RegExp(`\\b${name}\\b`));
});

test.each([
  ['autoexec.ipxe', 'pi_image.hold=1'],
  ['pxelinux.cfg/01-dc-a6-32-aa-bb-cc', 'append console=ttyAMA0'],
])('a machine that is no Pi says by asking for %s what it is', (name, expected) => {
  expect(textOf(name)).toContain(expected);
});

test('files come from the newest version of the image, under no prefix or the board itself', () => {
  const file = { kind: 'image-file', image: { name: 'debian-lite', version: '20261121.1' } };

  expect(ask('start4.elf', 'pi4')).toMatchObject(file);
  expect(ask('1234abcd/start4.elf', 'pi4', view, '1234abcd')).toMatchObject(file);
  expect(ask('vmlinuz')).toMatchObject(file);
});

test("another board's prefix holds nothing, a node's least of all", () => {
  expect(ask('9ffefdef/cmdline.txt', 'pi4')).toMatchObject({ kind: 'missing', isForeignPrefix: true });
  expect(ask('55555555/start4.elf', 'pi4', view, '1234abcd')).toMatchObject({ kind: 'missing' });
  expect(ask('pieeprom.upd', 'pi4')).toMatchObject({ kind: 'missing' });
});

describe('there is nothing to boot', () => {
  test('without a hold image', () => {
    expect(ask('start4.elf', 'pi4', sampleView())).toMatchObject({ kind: 'none' });
  });

  test('for a Pi that has not said which one it is', () => {
    expect(ask('config.txt')).toMatchObject({ kind: 'none', reason: 'it has not said which board it is' });
  });

  test('for a board that the image does not boot', () => {
    const kernels = sampleManifest().kernels.filter(({ boards }) => boards.includes('uefi'));
    const images = new Map([['debian-lite', [sampleManifest({ kernels })]]]);

    expect(() => ask('config.txt', 'pi4', { ...view, images })).toThrow(
      'the hold image debian-lite 20261121.1 does not boot a pi4',
    );
  });

  test('where the image is not built', () => {
    expect(() => ask('config.txt', 'pi4', { ...view, images: new Map() })).toThrow('there is no version of the image');
  });
});
