/** What DHCP answers to machines that are no Pi, from packets that real firmware sent. */
import { describe, expect, test } from 'vitest';

import { NodeList } from '../../src/model/node.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { option, readText } from '../../src/wire/dhcp-options.ts';
import { decide, network, site, words } from '../support/dhcp-site.ts';
import { readVectors } from '../support/vectors.ts';

const [machine] = NodeList.parse([
  { name: 'big', mac: '52:54:00:42:00:12', board: 'uefi', address: '10.42.0.21', role: 'compute' },
]);
const here: DhcpSite = { ...site, nodes: machine === undefined ? [] : [machine], httpPort: 8080 };

/** What the machine reads in the answer to one of its packets. */
function told(file: string, packet: string, at: DhcpSite = here) {
  const decision = decide(decodeDhcp(readVectors(file).packet(packet)), at);
  if (decision.kind !== 'answer') return words(decision);
  // Over the wire: the file must also fit its field.
  const reply = decodeDhcp(encodeDhcp(decision.reply, decision.limits));
  const { file: field, siaddr, options } = reply;
  const [bootFile, vendorClass] = [option.bootFile, option.vendorClass].map((code) => readText(options, code));
  return { who: words(decision), field, siaddr, bootFile, vendorClass };
}

const uefi = 'uefi-edk2-2022-11';

test.each([
  [uefi, 'pxe-discover', 'ipxe-arm64.efi', 'PXEClient'],
  [uefi, 'http-discover', 'http://10.42.0.1:8080/boot/v1/files/ipxe-arm64.efi', 'HTTPClient'],
  [uefi, 'ipxe-discover', 'http://10.42.0.1:8080/boot/v1/files/autoexec.ipxe', 'HTTPClient'],
])('%s: %s is told %s', (file, packet, program, vendorClass) => {
  const who = 'offer 10.42.0.21 to big+boot at 255.255.255.255:68';
  expect(told(file, packet)).toEqual({ who, field: program, siaddr: '10.42.0.1', bootFile: program, vendorClass });
});

test.each(['discover', 'efi-discover'])('U-Boot: %s is told only the server, and begins a boot', (packet) => {
  expect(told('u-boot-2025-01', packet)).toEqual({
    who: 'offer 10.42.0.21 to big+boot at 10.42.0.21:68 by its MAC',
    field: '',
    siaddr: '10.42.0.1',
    bootFile: undefined,
    vendorClass: undefined,
  });
});

test('none of them is sent the menu of a Pi', () => {
  const decision = decide(decodeDhcp(readVectors(uefi).packet('pxe-discover')), here);
  if (decision.kind !== 'answer') throw new Error(words(decision));
  expect(Buffer.from(decision.reply.options.get(option.vendorOptions) ?? []).toString('hex')).toBe('060108ff');
});

test('a machine that is no node gets an address and no program', () => {
  expect(told(uefi, 'pxe-discover', { ...here, nodes: [] })).toMatchObject({ field: '', bootFile: undefined });
});

describe('beside another DHCP server', () => {
  const proxy: DhcpSite = { ...here, network: network({ dhcp: 'proxy' }) };

  test.each(['pxe-discover', 'http-discover'])('%s is told its program, and no address', (packet) => {
    expect(told(uefi, packet, proxy)).toMatchObject({
      who: expect.stringContaining('offer 0.0.0.0 to big') as string,
      siaddr: '10.42.0.1',
      bootFile: expect.stringContaining('ipxe-arm64.efi') as string,
    });
  });

  test('U-Boot listens to one server only', () => {
    expect(told('u-boot-2025-01', 'discover', proxy)).toBe(
      'ignore: it is no firmware that loads files from here, and another server gives the addresses',
    );
  });
});

test('a machine that is no node is told a program only where there is a hold image', () => {
  const held: DhcpSite = { ...here, nodes: [], network: network({ hold: 'debian-lite' }) };

  expect(told(uefi, 'pxe-discover', { ...here, nodes: [] })).toMatchObject({ bootFile: undefined });
  expect(told(uefi, 'pxe-discover', held)).toMatchObject({ bootFile: 'ipxe-arm64.efi' });
});
