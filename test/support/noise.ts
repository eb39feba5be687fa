/** Sends random and cut-off datagrams to a UDP port: noise.ts ADDRESS PORT COUNT. The same ones every time. */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { promisify } from 'node:util';

const [address = '', port = '', count = ''] = process.argv.slice(2);

/** Bytes that look random and are the same in every run. */
function noise(seed: number, sizeBytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, at) =>
    createHash('sha256').update(`${seed} ${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

/** Every third one begins like DHCP, so that the decoder gets past the cookie. */
function datagram(seed: number): Buffer {
  const bytes = noise(seed, (seed * 7) % 600);
  if (seed % 3 !== 0 || bytes.byteLength < 240) return bytes;
  bytes.set([1 + (seed % 2), 1, 6, 0], 0);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  return bytes;
}

const socket = createSocket('udp4');
const send = promisify((bytes: Buffer, done: (error: Error | null) => void) =>
  socket.send(bytes, Number(port), address, done),
);
for (let seed = 0; seed < Number(count); seed++) await send(datagram(seed));
socket.close();
