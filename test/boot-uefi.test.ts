/** boot/uefi/ renders to what iPXE and U-Boot read. */
import path from 'node:path';

import { expect, test } from 'vitest';

import { readBoardTemplates } from '../src/host/config-files.ts';
import { tokenSlot } from '../src/model/generation.ts';
import { explainNode } from '../src/plan/explain-node.ts';
import { planGeneration } from '../src/plan/generation.ts';
import { sampleNode, sampleView } from './support/sample-view.ts';

const boardTemplates = await readBoardTemplates([path.resolve(import.meta.dirname, '..')]);
const view = sampleView({ boardTemplates });
const generation = planGeneration(sampleNode('node02', view), view);
const { texts = {} } = generation;

test.each(['autoexec.ipxe', 'pxelinux.cfg'])('%s', async (name) => {
  await expect(texts[name]).toMatchFileSnapshot(`golden/boot/uefi/${name}`);
});

test('there are no others', () => {
  expect(Object.keys(texts)).toEqual(['autoexec.ipxe', 'pxelinux.cfg']);
});

test('each holds the whole command line, and the token once', () => {
  for (const text of Object.values(texts)) {
    expect(text).toContain(` ${generation.commandLine}`);
    expect(text.split(tokenSlot)).toHaveLength(2);
  }
});

test('iPXE knows a script by its first line', () => {
  expect(texts['autoexec.ipxe']).toMatch(/^#!ipxe\n/);
});

test('node explain lists them, and what a machine with UEFI loads first', () => {
  const { bootFiles } = explainNode(sampleNode('node02', view), view);
  expect(bootFiles.map(({ name }) => name)).toEqual([
    'ipxe-arm64.efi',
    'autoexec.ipxe',
    'pxelinux.cfg',
    'cmdline.txt',
    'vmlinuz',
    'initramfs',
  ]);
  expect(bootFiles[0]?.reason).toBe('not among the boot files of debian-lite@20261121.1');
  expect(bootFiles[1]?.sizeBytes).toBeGreaterThan(300);
});

test('a Pi has no such texts, and its generation says nothing of them', () => {
  for (const name of ['login', 'head', 'node01']) {
    expect(planGeneration(sampleNode(name, view), view)).not.toHaveProperty('texts');
  }
});
