/** Asks on the cable who has addresses: neighbour-probe.ts addon|plain DEVICE ADDRESS… Says `ADDRESS free|taken`, a line each. */
import { addressProbe } from '../../src/cli/wire-up-probe.ts';
import { openDatagrams } from '../../src/host/datagram/open.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';

const [path = '', device = '', ...addresses] = process.argv.slice(2);
const stop = new AbortController();
const probe = addressProbe(device, openDatagrams(path === 'plain' ? 'plain' : 'addon'), stop.signal);

const found = await Promise.all(addresses.map(async (text) => `${text} ${await probe(parseIpv4(text))}\n`));
process.stdout.write(found.join(''));
stop.abort();
