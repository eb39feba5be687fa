/**
 * A thread of a boot plane for tests: `dhcp` does nothing; `tftp` asks for one file when it starts, records one board and
 * tells what it was answered in the log, and has served a file when it is to stop. `crash` in its data lets an error
 * escape as soon as `dhcp` runs, `deaf` lets `tftp` ignore that it is to stop.
 */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { LinkCounts } from '../../src/serve/plane/link.ts';
import { joinPlane, type PlaneThread } from '../../src/serve/plane/thread.ts';

export interface PlaneThreadData {
  readonly counts: LinkCounts;
  readonly does: 'work' | 'crash' | 'deaf';
}

const { counts, does } = workerData as PlaneThreadData;
const address = parseIpv4('10.42.0.11');

async function work({ find, record, sign, served, describe, log, site }: PlaneThread): Promise<void> {
  describe('tftp', 'busy');
  sign({ kind: 'discover', node: 'node01', mac: parseMac('2c:cf:67:01:02:03') });
  const found = await find('cmdline.txt', address);
  const text = found.kind === 'bytes' ? Buffer.from(found.bytes).toString() : found.kind;
  log.info('test.found', { text, nodes: site.current().nodes.length });
  await find('broken', address).catch((error: Error) => log.info('test.not-found', { reason: error.message }));
  const board = { mac: parseMac('02:00:00:00:00:01'), address };
  await record({ kind: 'board', board, isNew: true }).catch((error: Error) => {
    log.info('test.unrecorded', { reason: error.message });
  });
  served({ address, bytes: 5 });
}

if (parentPort === null) throw new Error('this is a thread');
joinPlane(parentPort, counts, (plane) => ({
  dhcp: async (signal, ready) => {
    ready();
    if (does === 'crash') {
      setImmediate(() => {
        throw new TypeError('x is undefined');
      });
    }
    if (!signal.aborted) await once(signal, 'abort');
  },
  tftp: async (signal, ready) => {
    ready();
    await work(plane);
    if (does === 'deaf') await new Promise(() => setInterval(() => undefined, 1000));
    if (!signal.aborted) await once(signal, 'abort');
    plane.served({ address, bytes: 6 });
  },
}));
