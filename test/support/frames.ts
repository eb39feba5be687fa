/**
 * A packet socket as a program, for a network namespace: frames.ts DEVICE PROTOCOL [HEX…]
 *
 * Sends the frames, and prints each one that comes in as a line of hex. Ends on SIGTERM.
 */
import { addonDatagrams } from '../../src/host/datagram/addon-port.ts';
import { loadNative } from '../../src/host/datagram/native.ts';
import type { PacketOptions } from '../../src/host/datagram/port.ts';

const [device = '', protocol = 'all', ...frames] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const port = await addonDatagrams(loadNative()).openPacket({
  device,
  protocol: protocol as PacketOptions['protocol'],
  receiveBufferBytes: 1 << 20,
  handlers: {
    received: (slab, start, length) => say(slab.toString('hex', start, start + length)),
    failed: (error) => say(`failed ${error.message}`),
    lost: (error) => say(`lost ${error.message}`),
  },
});
process.once('SIGTERM', () => process.exit(0));
say('ready');
for (const frame of frames) port.sendCopy(Buffer.from(frame, 'hex'));
