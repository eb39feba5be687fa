/** What hostile neighbours send: as much as they were told to, and each of its kind. */
import { describe, expect, test } from 'vitest';

import { ipv4ToNumber } from '../../../src/model/ipv4.ts';
import { at, isUdp, payloadBytes, uint16, uint32 } from '../../../src/rack/stack/frames.ts';
import { Random } from '../../../src/rack/stack/random.ts';
import { Flood, noFlood, type FloodRates } from '../../../src/rack/storm/flood.ts';
import { parseMix, planStorm } from '../../../src/rack/storm/mix.ts';
import { decodeDhcp } from '../../../src/wire/dhcp-decode.ts';
import { readMac } from '../../../src/wire/dhcp.ts';
import { readPiIdentity } from '../../../src/wire/pi-dhcp.ts';
import { decodeTftp } from '../../../src/wire/tftp.ts';

const addresses = planStorm(32, parseMix('pi4')).map(({ address }) => address);

/** All that is sent in two seconds, in steps of 20 ms. */
function flood(rates: Partial<FloodRates>): Buffer[] {
  const frames: Buffer[] = [];
  const port = { send: (frame: Uint8Array) => void frames.push(Buffer.from(frame)) };
  const sender = new Flood({ ...noFlood, ...rates }, addresses, port, new Random(1));
  for (let nowMs = 0; nowMs <= 2000; nowMs += 20) sender.tick(nowMs);
  expect(frames.every((frame) => isUdp(frame, 0, frame.byteLength))).toBe(true);
  expect(sender.sent).toBe(frames.length);
  return frames;
}

const payload = (frame: Buffer) => frame.subarray(at.payload, at.payload + payloadBytes(frame, 0));
const ports = (frames: readonly Buffer[]) => new Set(frames.map((frame) => uint16(frame, at.destinationPort)));

describe('a flood', () => {
  test('of nothing is none', () => {
    expect(flood({})).toEqual([]);
  });

  test('of DISCOVERs has another board in each', () => {
    const frames = flood({ discover: 333 });
    expect(frames.length).toBeCloseTo(666, -1);
    const messages = frames.map((frame) => decodeDhcp(payload(frame)));
    expect(new Set(messages.map(readMac)).size).toBe(frames.length);
    expect(messages.every((message) => readPiIdentity(message).isPi)).toBe(true);
  });

  test('of half-open transfers asks for the kernel, in the name of boards and of nobody', () => {
    const frames = flood({ halfOpen: 100 });
    const boards = new Set(addresses.map(ipv4ToNumber));
    const ofBoards = frames.filter((frame) => boards.has(uint32(frame, at.ipSource)));
    expect(frames.map((frame) => decodeTftp(payload(frame)))).toContainEqual(
      expect.objectContaining({ kind: 'read', path: 'kernel8.img' }),
    );
    expect(ofBoards.length / frames.length).toBeCloseTo(0.5, 0);
    expect(ports(frames)).toEqual(new Set([69]));
  });

  test('of spoofed ACKs goes to ports that transfers may have', () => {
    const frames = flood({ spoofedAck: 100 });
    expect(frames.every((frame) => decodeTftp(payload(frame)).kind === 'ack')).toBe(true);
    expect(ports(frames).size).toBeGreaterThan(150);
  });

  test('of oversized requests is what the codec refuses', () => {
    for (const frame of flood({ oversized: 10 })) {
      expect(payload(frame).byteLength).toBeGreaterThan(1000);
      expect(() => decodeTftp(payload(frame))).toThrow(/the longest/);
    }
  });
});
