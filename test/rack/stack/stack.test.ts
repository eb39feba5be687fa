/** Frames, chance and delay of the boards' own network stack. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DelayLine } from '../../../src/rack/stack/delay-line.ts';
import { Faults, noFaults } from '../../../src/rack/stack/faults.ts';
import { arpFrame, at, isArp, isUdp, payloadBytes, udpFrame } from '../../../src/rack/stack/frames.ts';
import { Random } from '../../../src/rack/stack/random.ts';
import { decodeArp } from '../../../src/wire/arp-frame.ts';
import { decodeUdpFrame } from '../../../src/wire/udp-frame.ts';

const mac = (last: number) => Uint8Array.of(0xdc, 0xa6, 0x32, 0, 0, last);
const addresses = {
  sourceMac: mac(1),
  destinationMac: mac(2),
  sourceAddress: 0x0a2a0101,
  destinationAddress: 0x0a2a0001,
  sourcePort: 49_152,
  destinationPort: 69,
};

describe('frames', () => {
  test('a datagram is one to the codec that the service reads and writes frames with', () => {
    expect(decodeUdpFrame(udpFrame(addresses, Buffer.from('hello')))).toEqual({
      from: { mac: 'dc:a6:32:00:00:01', address: '10.42.1.1', port: 49_152 },
      to: { mac: 'dc:a6:32:00:00:02', address: '10.42.0.1', port: 69 },
      payload: Buffer.from('hello'),
      checksum: 'none',
    });
  });

  test.each([
    ['request', undefined, 'ffffffffffffdca632000001080600010800060400010000'],
    ['reply', mac(2), 'dca632000002dca632000001080600010800060400020000'],
  ] as const)('an ARP %s is as RFC 826 has it', (operation, targetMac, head) => {
    const message = { operation, senderMac: mac(1), senderAddress: 1, targetAddress: 2 };
    const frame = arpFrame({ ...message, ...(targetMac !== undefined && { targetMac }) });
    const target = targetMac === undefined ? '000000000000' : 'dca632000002';
    expect(frame.toString('hex')).toBe(`${head.slice(0, 44)}dca63200000100000001${target}00000002`);
    expect(isArp(frame, 0, frame.byteLength)).toBe(true);
    expect(decodeArp(frame).kind).toBe(operation);
  });

  test('what is cut off, a fragment or another protocol is no datagram', () => {
    const frame = udpFrame(addresses, Buffer.from('hello'));
    const changed = (offset: number, value: number) => Buffer.from(frame).fill(value, offset, offset + 1);
    expect([isUdp(frame, 0, frame.byteLength), payloadBytes(frame, 0)]).toEqual([true, 5]);
    expect(isUdp(frame, 0, frame.byteLength - 1)).toBe(false);
    expect(isUdp(changed(at.ipProtocol, 6), 0, frame.byteLength)).toBe(false);
    expect(isUdp(changed(at.ipFragment, 0x20), 0, frame.byteLength)).toBe(false);
    expect(isUdp(changed(at.udpLength + 1, 7), 0, frame.byteLength)).toBe(false);
    expect(isUdp(changed(at.ip, 0x46), 0, frame.byteLength)).toBe(false);
  });

  test('any bytes are judged without a throw, and never as longer than they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const frame = Buffer.concat([udpFrame(addresses, Buffer.alloc(4)).subarray(0, 36), bytes]);
        const isWhole = isUdp(frame, 0, frame.byteLength);
        expect(!isWhole || at.payload + payloadBytes(frame, 0) <= frame.byteLength).toBe(true);
      }),
    );
  });
});

describe('faults', () => {
  /** Of 100,000 frames: how many share each fate. */
  function fates(rates: Parameters<typeof drawn>[0]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const fate of drawn(rates)) counts[fate] = (counts[fate] ?? 0) + 1;
    return counts;
  }
  function drawn(rates: Partial<typeof noFaults>): string[] {
    const faults = new Faults({ ...noFaults, ...rates });
    const random = new Random(1);
    return Array.from({ length: 100_000 }, () => faults.fate(random));
  }

  test('a good network passes everything on', () => {
    expect(fates({ delayMs: 5 })).toEqual({ pass: 100_000 });
  });

  test('of 100 round trips so many fail as were asked for', () => {
    const lost = drawn({ lossPercent: 10 }).map((fate) => fate === 'lost');
    const failed = lost.filter((isLost, index) => index % 2 === 0 && (isLost || lost[index + 1])).length;
    expect(failed / 50_000).toBeCloseTo(0.1, 2);
  });

  test('each fate has its share', () => {
    const counts = fates({ lossPercent: 2, duplicatePercent: 3, reorderPercent: 4 });
    expect(counts).toMatchObject({
      lost: expect.closeTo(1000, -2.4) as number,
      twice: expect.closeTo(3000, -2.6) as number,
      later: expect.closeTo(4000, -2.6) as number,
    });
  });
});

describe('the delay line', () => {
  test('gives everything back once, in the order of its time, never too early', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (times) => {
        const line = new DelayLine<number>();
        for (const due of times) line.add(due, due);
        const released: number[] = [];
        for (let nowMs = 0; nowMs <= 101; nowMs += 0.7) {
          line.release(nowMs, (due) => {
            expect(due).toBeLessThanOrEqual(nowMs);
            released.push(due);
          });
        }
        expect(released.map(Math.ceil)).toEqual(times.map(Math.ceil).toSorted((a, b) => a - b));
        expect(line.isEmpty).toBe(true);
      }),
    );
  });

  test('what is due already comes with the next call', () => {
    const line = new DelayLine<string>();
    const happened: string[] = [];
    line.release(50, () => undefined);
    line.add(10, 'late');
    line.release(51, (value) => happened.push(value));
    expect(happened).toEqual(['late']);
  });
});

test('chance is the same for one seed, and even', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 1000 }, () => random.fraction());
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(draw(5).reduce((sum, value) => sum + value) / 1000).toBeCloseTo(0.5, 1);
});
