/** What comes straight from the cable: ARP, and UDP with its Ethernet and IPv4 headers. */
import { deepEqual } from 'node:assert/strict';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { arpProbe, decodeArp, encodeArp } from '../../src/wire/arp-frame.ts';
import { decodeUdpFrame, encodeUdpFrame } from '../../src/wire/udp-frame.ts';
import { decoded, promise, refused, sizeName, type FuzzTarget } from './target.ts';

const mac = parseMac('dc:a6:32:00:00:02');
const address = parseIpv4('10.42.0.12');

const arp: FuzzTarget = {
  name: 'arp-frame',
  seeds: () => [
    encodeArp(arpProbe(mac, address)),
    encodeArp({ kind: 'reply', to: mac, sender: { mac, address }, target: { mac, address } }),
  ],
  words: [
    [8, 6],
    [0, 1, 8, 0, 6, 4],
    [0, 2],
  ],
  maxBytes: 100,
  run: (bytes) => {
    const frame = decoded(() => decodeArp(bytes));
    if (frame === undefined) return refused;
    deepEqual(decodeArp(encodeArp(frame)), frame, 'it does not survive its own encoder');
    return frame.kind;
  },
};

const udp: FuzzTarget = {
  name: 'udp-frame',
  seeds: () =>
    [0, 1, 300].map((size) =>
      encodeUdpFrame({
        from: { mac, address, port: 67 },
        to: { mac, address, port: 68 },
        payload: new Uint8Array(size).fill(7),
      }),
    ),
  words: [[8, 0, 0x45], [0x46], [0x4f], [17], [0x20, 0], [0, 0]],
  maxBytes: 700,
  repair: mendIpChecksum,
  run: (bytes) => {
    const frame = decoded(() => decodeUdpFrame(bytes));
    if (frame === undefined) return refused;
    const again = decodeUdpFrame(encodeUdpFrame(frame));
    deepEqual({ ...again, checksum: '' }, { ...frame, checksum: '' }, 'it does not survive its own encoder');
    promise(again.checksum === 'right', 'its own checksum is wrong');
    return `${frame.checksum} ${sizeName(frame.payload.byteLength)}`;
  },
};

/** Else hardly a changed frame would get past it. */
function mendIpChecksum(bytes: Uint8Array): void {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(14);
  const headerBytes = ((header[0] ?? 0) & 0xf) * 4;
  if (headerBytes < 20 || headerBytes > header.byteLength) return;
  header.writeUInt16BE(0, 10);
  let sum = 0;
  for (let at = 0; at < headerBytes; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  header.writeUInt16BE(~sum & 0xffff, 10);
}

export const frameTargets = [arp, udp];
