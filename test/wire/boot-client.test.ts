import { expect, test } from 'vitest';

import { isBootLoader, readBootClient } from '../../src/wire/boot-client.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { option, textValue } from '../../src/wire/dhcp-options.ts';
import { readPiIdentity } from '../../src/wire/pi-dhcp.ts';
import { readVectors } from '../support/vectors.ts';

test.each([
  ['uefi-edk2-2022-11', 'pxe-discover', 'uefi-pxe'],
  ['uefi-edk2-2022-11', 'http-discover', 'uefi-http'],
  ['uefi-edk2-2022-11', 'ipxe-discover', 'ipxe'],
  ['u-boot-2025-01', 'discover', 'u-boot'],
  ['u-boot-2025-01', 'request', 'u-boot'],
  // It says what UEFI says, without a machine id.
  ['u-boot-2025-01', 'efi-discover', 'u-boot'],
  ['pi3-rom', 'discover', 'other'],
  ['pi4-2026-08-04', 'discover', 'other'],
  ['pi5-2026-08-12', 'discover', 'other'],
])('%s: its %s is of %s', (file, name, kind) => {
  const packet = decodeDhcp(readVectors(file).packet(name));
  expect(readBootClient(packet.options)).toEqual({ kind });
  // Each of them is the first thing that a machine sends, and begins a boot.
  expect(readPiIdentity(packet).bootStage).toBe('firmware');
  expect(readPiIdentity(packet).isPi).toBe(kind === 'other');
});

const options = (vendorClass: string, ...more: [number, Uint8Array][]) =>
  new Map([[option.vendorClass, textValue(vendorClass)], ...more]);
const machineId: [number, Uint8Array] = [option.machineId, new Uint8Array(17)];
const architecture = (...bytes: number[]): [number, Uint8Array] => [option.clientArchitecture, Uint8Array.from(bytes)];

test.each([
  ['an x86 BIOS', options('PXEClient:Arch:00000:UNDI:002001', machineId), 'other'],
  ['an x86 with UEFI', options('PXEClient:Arch:00007:UNDI:003016', machineId, architecture(0, 7)), 'other'],
  ['an x86 with UEFI HTTP', options('HTTPClient:Arch:00016:UNDI:003001', machineId), 'other'],
  ['arm64 that boots by HTTP and says PXE', options('PXEClient:Arch:00019:UNDI:003001', machineId), 'other'],
  ['a class without the architecture', options('PXEClient', machineId, architecture(0, 11)), 'uefi-pxe'],
  ['neither class nor option', options('PXEClient', machineId), 'other'],
  ['half an option', options('PXEClient', machineId, architecture(11)), 'other'],
  ['iPXE, as RFC 3004 writes it', options('PXEClient:Arch:00011', [option.userClass, textValue('\x04iPXE')]), 'ipxe'],
  ['iPXE on a x86', options('PXEClient:Arch:00007', [option.userClass, textValue('iPXE')]), 'other'],
  ['iPXE started by HTTP', options('HTTPClient:Arch:00019', [option.userClass, textValue('iPXE')]), 'ipxe'],
  ['another user class', options('PXEClient:Arch:00011', machineId, [option.userClass, textValue('lab')]), 'uefi-pxe'],
  ['the initramfs', options('udhcp 1.37.0'), 'other'],
  ['no class', new Map(), 'other'],
])('%s', (_, sent, kind) => {
  expect(readBootClient(sent)).toEqual({ kind });
});

test.each([
  ['PXEClient:Arch:00000:UNDI:002001', true],
  ['HTTPClient:Arch:00019:UNDI:003000', true],
  ['U-Boot.armv8', true],
  ['U-Boot', true],
  ['udhcp 1.37.0', false],
  ['Linux ipconfig', false],
  ['', false],
])('"%s" comes from a boot loader: %s', (vendorClass, is) => {
  expect(isBootLoader(vendorClass)).toBe(is);
});
