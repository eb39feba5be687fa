/**
 * A UDP port as a program, for a network namespace: direct-sends.ts LINK FROM TO PORT LENGTH…
 *
 * Sends a datagram of each length directly, and prints what is told to be lost. Ends by itself.
 */
import { openDatagrams } from '../../src/host/datagram/open.ts';
import { ipv4ToNumber, parseIpv4 } from '../../src/model/ipv4.ts';

const [link = '', from = '', to = '', receiver = '', ...lengths] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const datagrams = openDatagrams('addon');
const port = await datagrams.openPort({
  address: parseIpv4(from),
  port: 1000,
  link,
  receiveBufferBytes: 1 << 20,
  handlers: {
    received: () => undefined,
    failed: (error) => say(`failed ${error.message}`),
    lost: (error) => say(`lost ${error.message}`),
  },
});
for (const length of lengths) {
  const bytes = datagrams.hold(Buffer.alloc(Number(length), 'x'));
  port.sendDirect(bytes, 0, Number(length), ipv4ToNumber(parseIpv4(to)), Number(receiver));
  bytes.release();
}
port.close();
