/** TFTP as a part of the boot plane's thread. */
import path from 'node:path';

import type { Datagrams } from '../host/datagram/port.ts';
import { boards } from '../model/board.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { RunPart } from '../serve/plane/thread-parts.ts';
import type { TftpCounters } from '../serve/tftp-counters.ts';
import type { TftpOutcome } from '../serve/tftp-deps.ts';
import { serveTftp, type TftpContent } from '../serve/tftp.ts';
import type { PlaneAdmission } from './wire-up-admission.ts';

interface TftpOptions {
  readonly datagrams: Datagrams;
  readonly admission: PlaneAdmission;
  readonly counters: TftpCounters;
}

export function tftpPart(plane: PlaneThread, { datagrams, admission, counters }: TftpOptions): RunPart {
  const { site, find, served, log } = plane;
  const nodeAt = nodesByAddress(() => site.current().nodes);
  return async (signal, ready) => {
    const describing = setInterval(describer(plane, datagrams, admission), describeMs);
    const { network, ports } = site.current();
    await serveTftp(
      {
        address: network.address.address,
        port: ports.tftp,
        link: network.interface,
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
        watch: admission.watch,
        counters,
        log,
        onListening: ready,
      },
      signal,
    ).finally(() => clearInterval(describing));
  };
}

const describeMs = 2000;

const paths = { addon: 'datagrams in batches', plain: "datagrams over Node's sockets" } as const;

/** Tells the service what is new, and only that. */
function describer({ describe }: PlaneThread, { kind }: Datagrams, { about }: PlaneAdmission): () => void {
  let told = '';
  const tell = () => {
    const text = [paths[kind], about()].filter((part) => part !== undefined).join('; ');
    if (text !== told) describe('tftp', text);
    told = text;
  };
  tell();
  return tell;
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
