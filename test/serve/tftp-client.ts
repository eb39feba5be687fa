/** A TFTP server on a free port of this machine, and a client that shows every datagram. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { unreachable } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { serveTftp, type TftpContent, type TftpDeps, type TftpServed } from '../../src/serve/tftp.ts';
import { decodeTftp, encodeTftp, type TftpPacket } from '../../src/wire/tftp.ts';

const loopback = parseIpv4('127.0.0.1');

export interface TestServer {
  readonly port: number;
  readonly served: TftpServed[];
  /** `warn tftp.refused reason=…` and the like. */
  readonly logged: string[];
  /** The nth transfer to end, from 0; waits for it. */
  readonly end: (index: number) => Promise<TftpServed>;
  readonly stop: () => Promise<void>;
}

/** @param files what exists, by name */
export function serving(
  files: Readonly<Record<string, TftpContent>>,
  over: Partial<TftpDeps> = {},
): Promise<TestServer> {
  const stopping = new AbortController();
  const served: TftpServed[] = [];
  const logged: string[] = [];
  const log = (level: string) => (event: string, fields?: object) => {
    logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
  };
  return new Promise((resolve, reject) => {
    const running = serveTftp(
      {
        address: loopback,
        port: 0,
        datagrams: openDatagrams(),
        find: (path) => Promise.resolve(files[path] ?? { kind: 'missing', reason: 'no such file' }),
        served: (event) => served.push(event),
        log: { info: log('info'), warn: log('warn') },
        onListening: (port) => {
          const stop = (): Promise<void> => {
            stopping.abort();
            return running;
          };
          resolve({ port, served, logged, stop, end: (index) => eventually(() => served[index]) });
        },
        ...over,
      },
      stopping.signal,
    );
    running.catch(reject);
  });
}

/** Looks again until there is something. */
export async function eventually<T>(look: () => T | undefined, withinMs = 10_000): Promise<T> {
  for (const until = Date.now() + withinMs; Date.now() < until;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it never came');
}

export const text = (content: string): TftpContent => ({ kind: 'bytes', bytes: Buffer.from(content) });

export function read(path: string, options: Readonly<Record<string, string>> = {}, mode = 'octet'): TftpPacket {
  return { kind: 'read', path, mode, options: new Map(Object.entries(options)) };
}

export interface Arrived {
  readonly packet: TftpPacket;
  /** The port it came from. */
  readonly port: number;
}

export class RawClient {
  readonly #socket: Socket;
  readonly #arrived: Arrived[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, from) => this.#arrived.push({ packet: decodeTftp(bytes), port: from.port }));
    socket.on('error', () => undefined);
  }

  static open(address = '127.0.0.1'): Promise<RawClient> {
    // The default looks addresses up in another turn, when the socket may be closed already.
    const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
    return new Promise((resolve) => socket.bind(0, address, () => resolve(new RawClient(socket))));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(what: TftpPacket | Uint8Array, port: number): void {
    this.#socket.send(what instanceof Uint8Array ? what : encodeTftp(what), port, '127.0.0.1');
  }

  /** The next datagram, in the order of arrival. */
  async next(withinMs = 10_000): Promise<Arrived> {
    if (this.#arrived.length === 0) await once(this.#socket, 'message', { signal: AbortSignal.timeout(withinMs) });
    const next = this.#arrived.shift();
    if (next === undefined) throw new Error('two waited for one datagram');
    return next;
  }

  /** What arrives in this time, as words. */
  async hears(forMs: number): Promise<string[]> {
    await new Promise((resolve) => setTimeout(resolve, forMs));
    return this.#arrived.splice(0).map(({ packet }) => inWords(packet));
  }

  close(): void {
    this.#socket.close();
  }
}

export function inWords(packet: TftpPacket): string {
  switch (packet.kind) {
    case 'data':
      return `data ${packet.block} (${packet.bytes.byteLength})`;
    case 'ack':
      return `ack ${packet.block}`;
    case 'error':
      return `error ${packet.code}: ${packet.message}`;
    case 'option-ack':
      return `oack ${[...packet.options].map(([name, value]) => `${name}=${value}`).join(' ')}`;
    case 'read':
    case 'write':
      return `${packet.kind} ${packet.path}`;
    default:
      return unreachable(packet);
  }
}

export type Fate = 'through' | 'lost' | 'twice';

interface FetchHow {
  readonly options?: Readonly<Record<string, string>>;
  /** Asked for each datagram, in both directions. */
  readonly fate?: () => Fate;
  /** Say the last thing again after this time; never when left out. */
  readonly resendMs?: number;
}

/** What a client of RFC 1350, 2347 and 7440 knows of the file so far. */
class Received {
  readonly blocks: Uint8Array[] = [];
  #blockSize = 512;
  #windowSize = 1;

  get isWhole(): boolean {
    return (this.blocks.at(-1)?.byteLength ?? this.#blockSize) < this.#blockSize;
  }

  /** @returns the ACK, when it is time for one */
  take(packet: TftpPacket): TftpPacket | undefined {
    if (packet.kind === 'error') throw new Error(inWords(packet));
    if (packet.kind === 'option-ack') {
      this.#blockSize = Number(packet.options.get('blksize') ?? 512);
      this.#windowSize = Number(packet.options.get('windowsize') ?? 1);
    }
    if (packet.kind === 'data' && packet.block === ((this.blocks.length + 1) & 0xffff)) this.blocks.push(packet.bytes);
    const isDue = this.isWhole || this.blocks.length % this.#windowSize === 0;
    return isDue ? { kind: 'ack', block: this.blocks.length & 0xffff } : undefined;
  }
}

export async function fetchFile(server: number, path: string, how: FetchHow = {}): Promise<Buffer> {
  const client = await RawClient.open();
  const copies = (): number => ({ through: 1, lost: 0, twice: 2 })[how.fate?.() ?? 'through'];
  const received = new Received();
  let said: [packet: TftpPacket, port: number] = [read(path, how.options), server];
  const say = (): void => {
    for (let left = copies(); left > 0; left--) client.send(...said);
  };
  try {
    for (say(); !received.isWhole;) {
      const arrived = await client.next(how.resendMs).catch((error: unknown) => {
        if (how.resendMs === undefined) throw error;
      });
      if (arrived !== undefined && copies() === 0) continue;
      const ack = arrived && received.take(arrived.packet);
      if (arrived !== undefined && ack === undefined) continue;
      if (arrived !== undefined && ack !== undefined) said = [ack, arrived.port];
      say();
    }
    return Buffer.concat(received.blocks);
  } finally {
    client.close();
  }
}
