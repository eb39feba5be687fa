/** Which program does the firmware of a machine that is no Pi load first? The file, and the DHCP options that say so. */
import { unreachable } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import { readBootClient, type BootClient } from '../wire/boot-client.ts';
import { option, textValue } from '../wire/dhcp-options.ts';
import type { DhcpClient, DhcpSite } from './dhcp-client.ts';

export type BootProgram =
  /** `reason`: why a boot loader that asks for one gets none. */
  | { readonly kind: 'none'; readonly reason?: string }
  | { readonly kind: 'tftp'; readonly file: string; readonly server: Ipv4Address }
  | { readonly kind: 'http'; readonly url: string };

export interface BootProgramSite {
  readonly server: Ipv4Address;
  /** Of the boot files: `ports.http`. */
  readonly httpPort: number;
}

const defaultHttpPort = 80;

/** iPXE for arm64, among the boot files of images whose boards have `uefi`. */
export const uefiProgram = 'ipxe-arm64.efi';
/** iPXE looks for this beside itself, and does what it says. */
const ipxeScript = 'autoexec.ipxe';

/** What the answer to this message says of a program; nothing for every Pi. */
export function programFor({ pi, packet, identity }: DhcpClient, { network, httpPort }: DhcpSite): BootProgramFields {
  if (pi.bootStage === 'other' || pi.wantsPiMenu) return nothing;
  const site = { server: network.address.address, httpPort: httpPort ?? defaultHttpPort };
  const held = network.hold === undefined ? undefined : heldMachine;
  const node = identity.kind === 'node' ? identity.node : held;
  return bootProgramFields(bootProgram(readBootClient(packet.options), site, node));
}

/** A machine that is no node and asks so waits in a hold boot, where there is one. */
const heldMachine = { name: 'it', board: 'uefi' } as const;

/** @param node undefined: a board that is no node yet, which boots nothing */
export function bootProgram(
  client: BootClient,
  site: BootProgramSite,
  node: Pick<NodeSpec, 'name' | 'board'> | undefined,
): BootProgram {
  if (client.kind === 'other') return { kind: 'none' };
  if (node === undefined) return { kind: 'none', reason: 'it is no node yet' };
  if (node.board !== 'uefi') {
    return { kind: 'none', reason: `${node.name} is a ${node.board}, and asks as a machine with UEFI or U-Boot does` };
  }
  switch (client.kind) {
    case 'uefi-pxe':
      return { kind: 'tftp', file: uefiProgram, server: site.server };
    case 'uefi-http':
      return { kind: 'http', url: urlOf(uefiProgram, site) };
    // Where iPXE is the firmware, or has not found its script beside itself.
    case 'ipxe':
      return { kind: 'http', url: urlOf(ipxeScript, site) };
    // It asks for pxelinux.cfg/01-<mac> by itself. iPXE hangs in U-Boot's EFI (seen with 2023.01 and 2025.01).
    case 'u-boot':
      return { kind: 'none' };
    default:
      return unreachable(client);
  }
}

function urlOf(file: string, { server, httpPort }: BootProgramSite): string {
  return `http://${server}${httpPort === defaultHttpPort ? '' : `:${httpPort}`}/boot/v1/files/${file}`;
}

/** What an answer of DHCP has beside the rest for such a client. */
export interface BootProgramFields {
  /** Of the fixed fields; clients that read the option take that. */
  readonly file: string;
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
}

/**
 * PXE 2.1 §2.2.3: PXE_DISCOVERY_CONTROL with bit 3, "download the file that the DHCP answer names". Without it a client
 * that is told PXEClient may go looking for a boot server on port 4011.
 */
const takeTheFile = Uint8Array.of(6, 1, 8, option.end);

const nothing: BootProgramFields = { file: '', options: [] };

export function bootProgramFields(program: BootProgram): BootProgramFields {
  switch (program.kind) {
    case 'none':
      return nothing;
    case 'tftp':
      return {
        file: program.file,
        options: [
          [option.vendorClass, textValue('PXEClient')],
          [option.vendorOptions, takeTheFile],
          [option.tftpServerName, textValue(program.server)],
          [option.bootFile, textValue(program.file)],
        ],
      };
    case 'http':
      return {
        file: program.url,
        options: [
          [option.vendorClass, textValue('HTTPClient')],
          [option.bootFile, textValue(program.url)],
        ],
      };
    default:
      return unreachable(program);
  }
}
