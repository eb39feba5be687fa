/** TFTP: datagrams, what they ask for, and a transfer whose ACKs come as they like. */
import { deepEqual } from 'node:assert/strict';

import { decodeTftp, encodeTftp, isTftpRequest, maxPathBytes } from '../../src/wire/tftp.ts';
import { frameBlocks, strideOf } from '../../src/wire/tftp-frames.ts';
import { NetasciiCounter, toNetascii } from '../../src/wire/tftp-netascii.ts';
import { negotiate, negotiateBlockSize } from '../../src/wire/tftp-options.ts';
import { SendingSide, type SendStep } from '../../src/wire/tftp-send.ts';
import { resendAfterMs, smoothRoundTrip } from '../../src/wire/tftp-timing.ts';
import { readVectors } from '../support/vectors.ts';
import { decoded, latin1, promise, refused, sizeName, type FuzzTarget } from './target.ts';

const boards = ['pi3-rom-rrq', 'pi3-bootcode-rrq', 'pi4-2019-12-03-rrq', 'pi4-2026-08-04-rrq', 'pi5-2026-08-12-rrq'];

const datagram: FuzzTarget = {
  name: 'tftp',
  seeds: () => [
    ...boards.flatMap((board) => readVectors(board).names.slice(0, 2).map(readVectors(board).packet)),
    ...['\0\x03\0\x01data', '\0\x04\0\x07', '\0\x05\0\x00text\0', '\0\x06tsize\x001\0'].map((text) =>
      Uint8Array.from(Buffer.from(text, 'latin1')),
    ),
  ],
  words: ['blksize\0', 'tsize\0', 'timeout\0', 'windowsize\0', 'octet\0', 'netascii\0', '65464\0', '8\0', '0\0', '\0'],
  maxBytes: 1600,
  run: (bytes) => {
    const packet = decoded(() => decodeTftp(bytes));
    if (packet === undefined) return `${refused} ${isTftpRequest(bytes)}`;
    deepEqual(decodeTftp(encodeTftp(packet)), tightened(packet), 'it does not survive its own encoder');
    if (packet.kind !== 'read') return packet.kind;
    promise(packet.path.length <= maxPathBytes, 'a path longer than any is served');
    const sizeBytes = (bytes[bytes.byteLength - 2] ?? 0) * 4000;
    const agreed = negotiate(packet.options, { sizeBytes, maxBlockSizeBytes: 1468 });
    promise(agreed.blockSizeBytes >= 8 && agreed.blockSizeBytes <= 1468, `blocks of ${agreed.blockSizeBytes} bytes`);
    promise(agreed.blockSizeBytes === negotiateBlockSize(packet.options, 1468), 'two sizes for one block');
    promise(agreed.windowSize >= 1 && agreed.windowSize <= 64, `a window of ${agreed.windowSize}`);
    for (const name of agreed.accepted.keys()) promise(packet.options.has(name), `${name} was not asked for`);
    const answer = encodeTftp({ kind: 'option-ack', options: agreed.accepted });
    promise(answer.byteLength <= bytes.byteLength + 12, 'the answer is larger than what provoked it');
    return `read ${packet.mode === 'octet'} ${[...agreed.accepted.keys()].join(' ')}`;
  },
};

/** DATA bytes are a view of what came in; compared as plain bytes. */
function tightened(packet: ReturnType<typeof decodeTftp>): typeof packet {
  return packet.kind === 'data' ? { ...packet, bytes: Buffer.from(packet.bytes) } : packet;
}

const transfer: FuzzTarget = {
  name: 'tftp-transfer',
  // Size of the file in blocks, window, options; then ACKs, time-outs and ERRORs of three bytes each.
  seeds: () => [
    Uint8Array.of(0, 3, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4),
    Uint8Array.of(255, 255, 64, 0, 0, 0, 64, 1, 0, 0, 0, 0, 128, 2, 0, 8),
  ],
  words: [
    [0, 0, 1],
    [1, 0, 0],
    [1, 1, 0],
    [2, 0, 8],
    [0, 255, 255],
  ],
  maxBytes: 600,
  run: (bytes) => {
    const [high = 0, low = 0, window = 0, flags = 0] = bytes;
    // Larger files than block numbers reach.
    const blocks = (high * 256 + low) * ((flags & 2) === 0 ? 1 : 5);
    const windowSize = 1 + (window % 64);
    const side = new SendingSide({
      sizeBytes: blocks * 8,
      blockSizeBytes: 8,
      windowSize,
      hasOptions: (flags & 1) === 1,
    });
    let step = side.start();
    let roundTripMs = -1;
    for (let at = 4; at + 2 < bytes.byteLength && step !== 'done' && step !== 'silent'; at += 3) {
      const before = side.acked;
      const event = bytes.subarray(at, at + 3);
      step = happen(side, event, step);
      promise(side.acked >= before, 'what was confirmed is sent again');
      promise(step !== 'done' || side.acked === side.lastBlock, 'done before the end');
      checkPlaces(side);
      roundTripMs = smoothRoundTrip(roundTripMs, (event[1] ?? 0) * 256);
      const waitMs = resendAfterMs(roundTripMs, side.resends);
      promise(waitMs >= 1000 && waitMs <= 8000, `it waits for ${waitMs} ms`);
    }
    return `${step} ${sizeName(side.acked + 1)} ${sizeName(side.resends)}`;
  },
};

/** An ACK, a time-out or an ERROR. */
function happen(side: SendingSide, [what = 0, one = 0, two = 0]: Uint8Array, step: SendStep): SendStep {
  const number = one * 256 + two;
  if (what % 3 === 0) return side.ack(number);
  if (what % 3 === 1) return side.timeout(one === 255);
  promise(!side.isProbe(number) || side.acked <= 0, 'a probe in the middle of a file');
  return step;
}

function checkPlaces(side: SendingSide): void {
  promise(side.acked === -1 || side.acked <= side.sent, 'more was confirmed than sent');
  promise(side.sent <= side.lastBlock, 'it sends behind the end');
  promise(side.sent - Math.max(side.acked, 0) <= side.windowSize, 'more is on its way than the window holds');
}

const text: FuzzTarget = {
  name: 'tftp-netascii',
  seeds: () =>
    ['\x0a\x05a\nb\r\nc\r\0', '\x08\x01\n\n\n\n\n\r\r\r'].map((bytes) => Uint8Array.from(Buffer.from(bytes))),
  words: ['\n', '\r', '\r\n', '\r\0', '\n\n\n\n'],
  maxBytes: 512,
  run: (bytes) => {
    const blockSizeBytes = 8 + ((bytes[0] ?? 0) % 60);
    const partBytes = 1 + ((bytes[1] ?? 0) % 90);
    const source = bytes.subarray(2);
    const counter = new NetasciiCounter(blockSizeBytes);
    for (let at = 0; at < source.byteLength; at += partBytes) counter.add(source.subarray(at, at + partBytes));
    const { sizeBytes, pieces } = counter.index();
    const whole = Buffer.from(toNetascii(source));
    promise(whole.byteLength === sizeBytes, `${sizeBytes} bytes were counted, ${whole.byteLength} are there`);
    promise(latin1(whole).replaceAll('\r\n', '\n').replaceAll('\r\0', '\r') === latin1(source), 'it reads otherwise');
    for (const [index, { source: from, dropBytes }] of pieces.entries()) {
      const piece = toNetascii(source.subarray(from), dropBytes, blockSizeBytes);
      const wanted = whole.subarray(index * blockSizeBytes, (index + 1) * blockSizeBytes);
      promise(Buffer.compare(piece, wanted) === 0, `piece ${index} is not where the index says`);
    }
    const frames = new Uint8Array(pieces.length * strideOf(blockSizeBytes));
    const used = frameBlocks(frames, whole, { firstBlock: 65_535, count: pieces.length, blockSizeBytes });
    promise(used === sizeBytes + 4 * pieces.length, 'frames and blocks do not add up');
    return `${sizeName(pieces.length)} ${pieces.some(({ dropBytes }) => dropBytes === 1)}`;
  },
};

export const tftpTargets = [datagram, transfer, text];
