/** TFTP as a part of the boot plane's thread. */
import path from 'node:path';

import { openDatagrams } from '../host/datagram/open.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { RunPart } from '../serve/plane/thread-parts.ts';
import { serveTftp, type TftpContent } from '../serve/tftp.ts';

export function tftpPart({ site, find, served, log }: PlaneThread): RunPart {
  return (signal, ready) => {
    const { network, ports } = site.current();
    return serveTftp(
      {
        address: network.address.address,
        port: ports.tftp,
        datagrams: openDatagrams(),
        find: async (name, peer): Promise<TftpContent> => {
          const content = await find(name, peer.address);
          if (content.kind !== 'file') return content;
          return { kind: 'file', path: path.join(content.root, content.path), sizeBytes: content.sizeBytes };
        },
        served: ({ peer, bytes, outcome }) => {
          if (outcome === 'complete') served({ address: peer.address, bytes });
        },
        log,
        onListening: ready,
      },
      signal,
    );
  };
}
