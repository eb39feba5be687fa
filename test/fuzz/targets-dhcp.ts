/** DHCP: the message and all that is read out of it, and what a server decides about it. */
import { noAddress, readMac, type DhcpPacket } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import {
  option,
  readAddress,
  readMessageType,
  readRelayInfo,
  readText,
  readUint16,
} from '../../src/wire/dhcp-options.ts';
import { readBootClient } from '../../src/wire/boot-client.ts';
import { boardOfRevision, pi3Mac, readPiIdentity } from '../../src/wire/pi-dhcp.ts';
import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decideDhcp } from '../../src/plan/dhcp-reply.ts';
import { atMs, network, site, someLeases } from '../support/dhcp-site.ts';
import { readVectors } from '../support/vectors.ts';
import { decoded, promise, refused, sizeName, type FuzzTarget } from './target.ts';

const boards = [
  'pi3-rom',
  'pi3-bootcode',
  'pi4-2019-12-03',
  'pi4-2022-10-18',
  'pi5-2026-08-12',
  'u-boot-2025-01',
  'uefi-edk2-2022-11',
];

function packetsOfBoards(): Uint8Array[] {
  return boards.flatMap((board) => {
    const { names, packet } = readVectors(board);
    return names.map((name) => packet(name));
  });
}

const words = [
  [0x63, 0x82, 0x53, 0x63],
  [53, 1, 1],
  [53, 1, 3],
  [53, 1, 4],
  [53, 1, 7],
  [53, 1, 8],
  [52, 1, 1],
  [52, 1, 2],
  [52, 1, 3],
  [255],
  [0],
  [50, 4, 10, 42, 0, 11],
  [54, 4, 10, 42, 0, 1],
  [57, 2, 2, 64],
  [82, 6, 5, 4, 10, 42, 0, 0],
  [82, 6, 11, 4, 10, 42, 0, 9],
  [97, 17, 0],
  [93, 2, 0, 11],
  [0x34, 0x69, 0x50, 0x52],
  [60, 32],
  [61, 7, 1],
  [55, 4, 1, 3, 43, 66],
  [10, 42, 0, 1],
  [10, 42, 0, 210],
  [2, 0, 0, 0, 0, 8],
  'PXEClient:Arch:00000:UNDI:002001',
  'PXEClient:Arch:00011',
  'HTTPClient:Arch:00019',
  'U-Boot',
  'iPXE',
] as const;

const message: FuzzTarget = {
  name: 'dhcp',
  seeds: packetsOfBoards,
  words,
  maxBytes: 2048,
  run: (bytes) => {
    const packet = decoded(() => decodeDhcp(bytes));
    if (packet === undefined) return refused;
    const { options } = packet;
    const { serial, revision, board } = readPiIdentity(packet);
    if (serial !== undefined) promise(pi3Mac(serial).length === 17, 'a serial is not eight digits');
    if (revision !== undefined) boardOfRevision(revision);
    readRelayInfo(options);
    for (const code of options.keys()) readAs(options, code);
    const whole = encodeDhcp(packet);
    promise(isSame(decodeDhcp(whole), packet), 'it does not survive its own encoder');
    for (const mayOverload of [true, false]) {
      const short = encodeDhcp(packet, { maxBytes: 400, mayOverload });
      const size = 400 + (options.get(option.relayInfo)?.byteLength ?? 0) * 2;
      promise(short.byteLength <= size, `${short.byteLength} bytes where 400 were allowed`);
      decodeDhcp(short);
    }
    const kind = [readMessageType(options), board, readBootClient(options).kind, readMac(packet) === undefined];
    return [...kind, sizeName(options.size)].join(' ');
  },
};

function readAs(options: DhcpPacket['options'], code: number): void {
  promise(readText(options, code) !== undefined, 'no text where there is a value');
  promise(readAddress(options, code)?.split('.').length !== 3, 'an address of three numbers');
  promise((readUint16(options, code) ?? 0) <= 0xffff, 'more than two bytes hold');
}

/** By hand: deepEqual would be most of the work. */
function isSame(one: DhcpPacket, other: DhcpPacket): boolean {
  const fields = (packet: DhcpPacket) => JSON.stringify({ ...packet, options: packet.options.size });
  if (fields(one) !== fields(other)) return false;
  return [...one.options].every(([code, value]) => Buffer.compare(value, other.options.get(code) ?? emptyValue) === 0);
}

const emptyValue = new Uint8Array();

const sites: readonly DhcpSite[] = [site, { ...site, network: network({ dhcp: 'proxy', pool: undefined }) }];

const decision: FuzzTarget = {
  name: 'dhcp-decision',
  seeds: packetsOfBoards,
  words,
  maxBytes: 1024,
  run: (bytes) => {
    const packet = decoded(() => decodeDhcp(bytes));
    if (packet === undefined) return refused;
    const leases = someLeases();
    const at = sites[packet.xid % sites.length] ?? site;
    const made = decideDhcp(packet, at, leases, atMs);
    if (made.kind !== 'answer') return made.kind;
    promise(made.to.address !== noAddress, 'the answer goes to nobody');
    const sent = encodeDhcp(made.reply, made.limits);
    const echo = made.reply.options.get(option.relayInfo)?.byteLength ?? 0;
    promise(sent.byteLength <= Math.max(300, made.limits.maxBytes) + 2 * echo, `an answer of ${sent.byteLength} bytes`);
    const read = decodeDhcp(sent);
    promise(read.op === 'reply' && read.xid === packet.xid, 'the answer is not one to this question');
    if (made.lease !== undefined && made.who.kind === 'unknown') {
      leases.give(made.who.board.mac, made.lease.address, made.lease);
      const again = decideDhcp(packet, at, leases, atMs);
      promise(
        again.kind === 'answer' && again.reply.yiaddr === made.reply.yiaddr,
        'asked again, it gets another address',
      );
    }
    return `${made.answer} ${made.who.kind} ${made.stage} ${made.board} ${made.mustRecord}`;
  },
};

export const dhcpTargets = [message, decision];
