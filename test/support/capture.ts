/** What goes over an interface, written down by tshark, and what Wireshark has to say about it. */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Namespaces } from './namespaces.ts';

export interface Capture {
  readonly stop: () => Promise<void>;
  /** @returns a line of `fields` for each packet that Wireshark's display filter matches */
  readonly read: (filter: string, ...fields: readonly string[]) => Promise<string[]>;
  /** Packets that are malformed, or of which an expert says that they are wrong. @param filter of those that count */
  readonly faults: (filter: string) => Promise<string[]>;
}

/** PI_ERROR of epan/proto.h. */
const expertError = 0x80_00_00;

/** Checksums are left to network cards, which virtual cables have not. */
const unchecked = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:FALSE`]);

/** @param only what is kept, as pcap-filter(7) reads it */
export async function capture(
  net: Pick<Namespaces, 'start' | 'run'>,
  at: { readonly namespace: string; readonly device: string; readonly file: string; readonly only?: string },
): Promise<Capture> {
  const { namespace, device, file, only } = at;
  const argv = ['tshark', '-i', device, '-w', file, ...(only === undefined ? [] : ['-f', only])];
  const program = net.start(namespace, argv);
  await program.line(/Capturing on/);
  // That is said a little too early: the file is begun when the interface is open.
  while (((await stat(file).catch(() => undefined))?.size ?? 0) === 0) await sleep(50);
  const read = async (filter: string, ...fields: readonly string[]) => {
    const columns = fields.flatMap((field) => ['-e', field]);
    const reading = ['tshark', '-n', ...unchecked, '-r', file, '-Y', filter, '-T', 'fields', ...columns];
    const text = await net.run(namespace, reading);
    return text.split('\n').filter((line) => line !== '');
  };
  return {
    stop: async () => {
      // The kernel hands packets over in blocks, once a second at the latest; what is in one is lost when it ends.
      await sleep(1500);
      program.signal('SIGINT');
      await program.ended;
    },
    read,
    faults: (filter) =>
      read(
        `(${filter}) && (_ws.malformed || _ws.expert.severity >= ${expertError})`,
        'frame.number',
        '_ws.col.Info',
        '_ws.expert.message',
      ),
  };
}
