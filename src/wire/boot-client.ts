/** What kind of boot loader sent this DHCP message? Of those that are no Raspberry Pi's: UEFI, iPXE and U-Boot on arm64. */
import type { DhcpOptions } from './dhcp.ts';
import { option, readText } from './dhcp-options.ts';

export type BootClient =
  | { readonly kind: 'uefi-pxe' }
  | { readonly kind: 'uefi-http' }
  /** Started by UEFI, or in the flash of the card. */
  | { readonly kind: 'ipxe' }
  | { readonly kind: 'u-boot' }
  /** A Raspberry Pi, a kernel, an operating system, a machine that is no arm64. */
  | { readonly kind: 'other' };

/** `PXEClient:Arch:00011:UNDI:003000`: RFC 4578 §3.1, UEFI 2.10 §24.7.3.1. */
const classForm = /^(PXE|HTTP)Client(?::Arch:(\d{5}))?/;

/** IANA's "Processor Architecture Types": UEFI on arm64 by TFTP, by HTTP. */
const arm64Pxe = 11;
const arm64Http = 19;

export function readBootClient(options: DhcpOptions): BootClient {
  const vendorClass = readText(options, option.vendorClass) ?? '';
  if (vendorClass.startsWith('U-Boot')) return { kind: 'u-boot' };
  const match = classForm.exec(vendorClass);
  if (match === null) return { kind: 'other' };
  const [, transport, named] = match;
  const architecture = named === undefined ? readArchitecture(options) : Number(named);
  if (architecture !== (transport === 'HTTP' ? arm64Http : arm64Pxe)) return { kind: 'other' };
  if (isIpxe(options)) return { kind: 'ipxe' };
  if (transport === 'HTTP') return { kind: 'uefi-http' };
  // U-Boot says so too when it looks for an EFI program; but it has no machine id, which RFC 4578 §2.3 demands.
  return { kind: options.has(option.machineId) ? 'uefi-pxe' : 'u-boot' };
}

/** True for the first thing that a machine sends after power-on: no kernel and no operating system says this. */
export function isBootLoader(vendorClass: string): boolean {
  return /^(?:PXEClient|HTTPClient|U-Boot)/.test(vendorClass);
}

/** Every Pi says 0 here, "x86 BIOS", so it tells nothing of those. */
function readArchitecture(options: DhcpOptions): number | undefined {
  const value = options.get(option.clientArchitecture);
  return value === undefined || value.byteLength < 2 ? undefined : (value[0] ?? 0) * 256 + (value[1] ?? 0);
}

/** As plain text, and with a length before it as RFC 3004 has it. */
function isIpxe(options: DhcpOptions): boolean {
  return ['iPXE', '\u0004iPXE'].includes(readText(options, option.userClass) ?? '');
}
