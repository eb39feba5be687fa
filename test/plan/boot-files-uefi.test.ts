/** What a machine with UEFI or U-Boot gets for each name it asks for. */
import { describe, expect, test } from 'vitest';

import { tokenSlot } from '../../src/model/generation.ts';
import { macWithDashes, parseMac } from '../../src/model/mac.ts';
import { decideBootFile, type BootFileRequest } from '../../src/plan/boot-files.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const plain = sampleView();
const view = sampleView({
  boardTemplates: new Map(
    [...plain.boardTemplates].map(([board, templates]) => [
      board,
      board !== 'uefi'
        ? templates
        : {
            ...templates,
            texts: new Map([
              ['autoexec.ipxe', '#!ipxe\nkernel {{commandLine}}\n'],
              ['pxelinux.cfg', 'append {{commandLine}}\n'],
            ]),
          },
    ]),
  ),
});
const node = sampleNode('node02', view);
const mac = parseMac('52:54:00:42:00:12');
const token = '$&'.padEnd(tokenSlot.length, 'x');
const manifest = sampleManifest({
  bootFiles: { 'ipxe-arm64.efi': { sha256: 'a'.repeat(64), sizeBytes: 7 } },
});
const boot = { node, mac, generation: planGeneration(node, view), token, manifest };

function told(path: string, request: Partial<BootFileRequest> = {}): string {
  const decision = decideBootFile({ path, boot, nodes: view.nodes, ...request });
  if (decision.kind === 'text') return Buffer.from(decision.bytes).toString();
  if (decision.kind === 'signed') return decision.file;
  if (decision.kind !== 'image-file') return `${decision.kind}: ${decision.reason}`;
  return `${decision.path} of ${decision.image.name}@${decision.image.version}`;
}

const line = boot.generation.commandLine.replace(tokenSlot, () => token);

test.each([
  ['autoexec.ipxe', `#!ipxe\nkernel ${line}\n`],
  ['pxelinux.cfg/01-52-54-00-42-00-12', `append ${line}\n`],
  ['ipxe-arm64.efi', 'ipxe-arm64.efi of debian-lite@20261121.1'],
])('%s', (path, answer) => {
  expect(told(path)).toBe(answer);
});

test('the MAC may be written in capitals', () => {
  const other = { ...boot, mac: parseMac('52:54:00:42:00:ab') };
  expect(told('pxelinux.cfg/01-52-54-00-42-00-AB', { boot: other })).toBe(`append ${line}\n`);
});

// U-Boot's probes, in its order, and names that only look like ours.
test.each([
  'pxelinux.cfg/0A2A000C',
  'pxelinux.cfg/0A2A',
  'pxelinux.cfg/0',
  'pxelinux.cfg/default-arm-qemu-arm',
  'pxelinux.cfg/default-arm',
  'pxelinux.cfg/default',
  'pxelinux.cfg/00-52-54-00-42-00-12',
  'pxelinux.cfg/01-52-54-00-42-00-12/kernel8.img',
  'pxelinux.cfg/',
  '0A2A000C.img',
  'boot.scr.uimg',
  'autoexec.ipxe/',
  'toString',
])('%s is not found', (path) => {
  expect(told(path)).toMatch(/^missing: not among the boot files/);
});

describe('what belongs to another', () => {
  const other = sampleNode('node01', view);
  const theirs = `pxelinux.cfg/01-${macWithDashes(other.mac ?? mac)}`;

  test('is not found, and the reason names whose it is', () => {
    expect(decideBootFile({ path: theirs, boot, nodes: view.nodes })).toEqual({
      kind: 'missing',
      reason: `${macWithDashes(other.mac ?? mac)}/ belongs to node01, not to node02`,
      isForeignPrefix: true,
    });
  });

  test('also where no boot is open', () => {
    expect(told(theirs, { boot: undefined })).toMatch(/belongs to node01, of which no boot is open/);
    expect(told('autoexec.ipxe', { boot: undefined })).toBe('missing: no boot is open at this address');
  });

  test('and no board gets the text of a MAC that nobody has', () => {
    expect(told('pxelinux.cfg/01-02-00-00-00-00-01')).toMatch(/^missing: .* is not node02/);
  });
});

test('without a lease neither text is given, as both hold the token', () => {
  for (const path of ['autoexec.ipxe', 'pxelinux.cfg/01-52-54-00-42-00-12']) {
    const boot2 = { ...boot, token: undefined };
    expect(told(path, { boot: boot2 })).toBe(
      'missing: node02 has no lease, and its token goes only to a leased address',
    );
  }
});

test('a Pi finds no such text', () => {
  const pi = sampleNode('node01', view);
  const ofPi = { ...boot, node: pi, mac: pi.mac, generation: planGeneration(pi, view) };
  expect(told('autoexec.ipxe', { boot: ofPi })).toMatch(/^missing: not among/);
});
