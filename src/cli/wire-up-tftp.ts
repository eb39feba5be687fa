/** TFTP as a part of the boot plane's thread. */
import path from 'node:path';

import type { Datagrams } from '../host/datagram/port.ts';
import { boards } from '../model/board.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { RunPart } from '../serve/plane/thread-parts.ts';
import type { TftpOutcome } from '../serve/tftp-deps.ts';
import { serveTftp, type TftpContent } from '../serve/tftp.ts';

export function tftpPart({ site, find, served, log }: PlaneThread, datagrams: Datagrams): RunPart {
  const nodeAt = nodesByAddress(() => site.current().nodes);
  return (signal, ready) => {
    const { network, ports } = site.current();
    return serveTftp(
      {
        address: network.address.address,
        port: ports.tftp,
        datagrams,
        find: async (name, peer): Promise<TftpContent> => {
          const content = await find(name, peer.address);
          if (content.kind !== 'file') return content;
          return { kind: 'file', path: path.join(content.root, content.path), sizeBytes: content.sizeBytes };
        },
        floorMs: (address) => {
          const node = nodeAt(address);
          return node && boards[node.board].resendFloorMs;
        },
        served: ({ peer, path: file, bytes, sizeBytes, blockSizeBytes, durationMs, outcome }) => {
          const { address } = peer;
          if (outcome === 'complete') served({ address, bytes, file });
          else if (leftOff.has(outcome)) {
            served({ address, bytes, unfinished: { file, bytes, sizeBytes, blockSizeBytes, durationMs } });
          }
        },
        log,
        onListening: ready,
      },
      signal,
    );
  };
}

/** By the board: in the middle of a file that it wanted. */
const leftOff: ReadonlySet<TftpOutcome> = new Set(['aborted', 'silent', 'replaced']);

/** Of a list that is another array when it has changed. */
function nodesByAddress(nodes: () => readonly NodeSpec[]): (address: Ipv4Address) => NodeSpec | undefined {
  let listed: readonly NodeSpec[] | undefined;
  let byAddress = new Map<Ipv4Address, NodeSpec>();
  return (address) => {
    const now = nodes();
    if (now !== listed) byAddress = new Map(now.map((node) => [node.address, node]));
    listed = now;
    return byAddress.get(address);
  };
}
