import { expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { bootProgram, bootProgramFields, type BootProgram } from '../../src/plan/boot-program.ts';
import type { BootClient } from '../../src/wire/boot-client.ts';
import { option } from '../../src/wire/dhcp-options.ts';
import { bytes } from '../support/vectors.ts';
import { sampleView } from '../support/sample-view.ts';

const server = parseIpv4('10.42.0.1');
const site = { server, httpPort: 80 };
const [uefi, pi] = ['uefi', 'pi4'].map((board) => sampleView().nodes.find((node) => node.board === board));

test.each<[BootClient['kind'], BootProgram]>([
  ['uefi-pxe', { kind: 'tftp', file: 'ipxe-arm64.efi', server }],
  ['uefi-http', { kind: 'http', url: 'http://10.42.0.1/boot/v1/files/ipxe-arm64.efi' }],
  ['ipxe', { kind: 'http', url: 'http://10.42.0.1/boot/v1/files/autoexec.ipxe' }],
  ['u-boot', { kind: 'none' }],
  ['other', { kind: 'none' }],
])('a node with UEFI that asks as %s', (kind, program) => {
  expect(bootProgram({ kind }, site, uefi)).toEqual(program);
});

test('another port stands in the URL', () => {
  expect(bootProgram({ kind: 'uefi-http' }, { server, httpPort: 8080 }, uefi)).toEqual({
    kind: 'http',
    url: 'http://10.42.0.1:8080/boot/v1/files/ipxe-arm64.efi',
  });
});

test.each([
  ['a board that is no node', undefined, 'it is no node yet'],
  ['a node that is a Pi', pi, `${pi?.name} is a pi4, and asks as a machine with UEFI or U-Boot does`],
])('%s gets no program, and why', (_, node, reason) => {
  for (const kind of ['uefi-pxe', 'uefi-http', 'ipxe', 'u-boot'] as const) {
    expect(bootProgram({ kind }, site, node)).toEqual({ kind: 'none', reason });
  }
  expect(bootProgram({ kind: 'other' }, site, node)).toEqual({ kind: 'none' });
});

const fields = (program: BootProgram) => {
  const { file, options } = bootProgramFields(program);
  return { file, options: options.map(([code, value]) => [code, Buffer.from(value).toString('latin1')]) };
};

test('by TFTP: the file in both places, and not to look for another server', () => {
  expect(fields({ kind: 'tftp', file: 'a.efi', server })).toEqual({
    file: 'a.efi',
    options: [
      [option.vendorClass, 'PXEClient'],
      [option.vendorOptions, Buffer.from(bytes('06 01 08 ff')).toString('latin1')],
      [option.tftpServerName, '10.42.0.1'],
      [option.bootFile, 'a.efi'],
    ],
  });
});

test('by HTTP: an URL, and the class without which UEFI drops the answer', () => {
  expect(fields({ kind: 'http', url: 'http://10.42.0.1/a.efi' })).toEqual({
    file: 'http://10.42.0.1/a.efi',
    options: [
      [option.vendorClass, 'HTTPClient'],
      [option.bootFile, 'http://10.42.0.1/a.efi'],
    ],
  });
});

test('nothing is nothing', () => {
  expect(fields({ kind: 'none' })).toEqual({ file: '', options: [] });
});
