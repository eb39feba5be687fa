/**
 * Sends 1,000 small datagrams and one stretch that is cut into 150, over the addon and through whatever stands between it
 * and the kernel. Says on stdout what arrived: the numbers in order with holes marked, and the stretch.
 */
import { openDatagrams } from '../../src/host/datagram/open.ts';
import { ipv4ToNumber, parseIpv4 } from '../../src/model/ipv4.ts';

const address = parseIpv4('127.0.0.1');
const to = ipv4ToNumber(address);
const smallOnes = 1000;
const segments = 150;
const segmentBytes = 500;

const datagrams = openDatagrams('addon');
const numbers: number[] = [];
const cut: number[] = [];
const lost: string[] = [];

const received = (slab: Buffer, start: number, length: number): void => {
  if (length === segmentBytes) cut.push(slab.readUInt32BE(start));
  else numbers.push(slab.readUInt32BE(start));
};
const open = () =>
  datagrams.openPort({
    address,
    port: 0,
    receiveBufferBytes: 8 << 20,
    handlers: { received, failed: (error) => lost.push(error.message), lost: (error) => lost.push(error.message) },
  });
const [sender, receiver] = [await open(), await open()];

const stretch = datagrams.allocate(segments * segmentBytes);
const view = new DataView(stretch.bytes.buffer);
for (let segment = 0; segment < segments; segment++) view.setUint32(segment * segmentBytes, segment);
for (let number = 0; number < smallOnes; number++) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  sender.sendCopy(bytes, to, receiver.port);
  if (number === smallOnes / 2) sender.send(stretch, 0, segments * segmentBytes, segmentBytes, to, receiver.port);
}
stretch.release();

for (let arrived = -1; arrived !== numbers.length + cut.length;) {
  arrived = numbers.length + cut.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const isOrdered = (all: readonly number[]) =>
  all.every((number, index) => index === 0 || number > (all[index - 1] ?? 0));
process.stdout.write(
  `${JSON.stringify({
    numbers: numbers.length,
    cut: cut.length,
    isOrdered: isOrdered(numbers) && isOrdered(cut),
    lost: [...new Set(lost)],
  })}\n`,
);
process.exit(0);
