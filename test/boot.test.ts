/** boot/<board>/ renders to what firmware and the initramfs read. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { type BoardName, boardNames } from '../src/model/board.ts';
import { tokenSlot } from '../src/model/generation.ts';
import { planGeneration } from '../src/plan/generation.ts';
import { sampleNode, sampleView } from './support/sample-view.ts';

const bootDir = path.resolve(import.meta.dirname, '../boot');
const read = (...parts: string[]) => readFileSync(path.join(bootDir, ...parts), 'utf8');

const view = sampleView({
  boardTemplates: new Map(
    boardNames.map((board) => [
      board,
      { configTxt: read(board, 'config.txt.hbs'), cmdlineTxt: read(board, 'cmdline.txt.hbs') },
    ]),
  ),
});

/** The sample has one node of each board. */
const nodeOf: Readonly<Record<BoardName, string>> = { pi3: 'login', pi4: 'head', pi5: 'node01', uefi: 'node02' };

describe.each(boardNames)('boot/%s', (board) => {
  const generation = planGeneration(sampleNode(nodeOf[board], view), view);

  test('renders config.txt', async () => {
    expect(generation.board).toBe(board);
    await expect(generation.configTxt).toMatchFileSnapshot(`golden/boot/${board}/config.txt`);
  });

  test('renders cmdline.txt', async () => {
    await expect(`${generation.commandLine}\n`).toMatchFileSnapshot(`golden/boot/${board}/cmdline.txt`);
  });

  test('stays within what firmware reads', () => {
    expect(Buffer.byteLength(generation.configTxt)).toBeLessThan(4096);
    expect(generation.commandLine).not.toContain('\n');
  });

  test('passes only what the initramfs reads', () => {
    const scripts = read('initramfs/lib/command-line.sh');
    const passed = [...generation.commandLine.matchAll(/pi_image\.\w+=/g)].map(([name]) => name);

    expect(passed).toContain('pi_image.token=');
    for (const name of passed) expect(scripts).toContain(`${name}*)`);
  });

  test('gives the role the last word', () => {
    expect(generation.commandLine.endsWith(board === 'pi5' || board === 'uefi' ? ' quiet' : '@')).toBe(true);
  });
});

/** The same for every node of the role: what is of one node, it finds itself. */
describe.each(['pi4', 'pi5'] as const)('boot/%s, signed', (board) => {
  const signed = Object.fromEntries(
    Object.entries(view.cluster.roles).map(([name, role]) => [name, { ...role, boot: 'signed' as const }]),
  );
  const ofRole = { ...view, cluster: { ...view.cluster, roles: signed } };
  const node = sampleNode(nodeOf[board], view);
  const generation = planGeneration(node, ofRole);

  test('renders config.txt', async () => {
    await expect(generation.configTxt).toMatchFileSnapshot(`golden/boot/${board}/signed/config.txt`);
  });

  test('renders cmdline.txt', async () => {
    await expect(`${generation.commandLine}\n`).toMatchFileSnapshot(`golden/boot/${board}/signed/cmdline.txt`);
  });

  test('says nothing of the node', () => {
    const text = `${generation.configTxt}${generation.commandLine}`;

    for (const own of [node.name, node.serial, node.mac, node.address, tokenSlot]) expect(text).not.toContain(own);
  });
});
