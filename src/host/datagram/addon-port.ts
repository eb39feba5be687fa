/** Ports on the addon: datagrams come in and leave in batches, and a port can belong to an interface. */
import { HostError } from '../../model/errors.ts';
import { ipv4ToNumber, type Ipv4Address } from '../../model/ipv4.ts';
import { cannot, systemError } from './errors.ts';
import { arrivalWords, portFlags, type Native } from './native.ts';
import { Outbox, type AddonBuffer } from './outbox.ts';
import type { DatagramPort, Datagrams, PacketOptions, PacketPort, PortOptions, SendBuffer } from './port.ts';

interface AddonPortOptions extends PortOptions {
  /** A socket that somebody else opened and bound; address and device are its own. */
  readonly inherited?: number;
  /** It may send to broadcast addresses. */
  readonly broadcast?: boolean;
  /** Says with each datagram where it was sent to and how it came in. */
  readonly arrival?: boolean;
  /** Address that datagrams leave with, where the port is bound to none. */
  readonly source?: Ipv4Address;
}

export interface AddonDatagrams extends Datagrams {
  readonly kind: 'addon';
  openPort(options: AddonPortOptions): Promise<DatagramPort>;
  /** Whole Ethernet frames of one interface; needs CAP_NET_RAW. @throws HostError */
  openPacket(options: PacketOptions): Promise<PacketPort>;
  /** The kernel's number of an interface, as `received` gives it. @throws HostError */
  interfaceIndex(device: string): number;
}

export function addonDatagrams(native: Native): AddonDatagrams {
  const outbox = new Outbox(native);
  const arrivals: Arrivals = { slab: Buffer.from(native.slab), words: new Uint32Array(native.arrivals) };
  const context: Context = { native, outbox, arrivals };
  return {
    kind: 'addon',
    allocate: (length) => outbox.allocate(length),
    hold: (bytes) => held(outbox.allocate(bytes.length), bytes),
    openPort: (options) => soon(() => openPort(context, options)),
    openPacket: (options) => soon(() => openPacket(context, options)),
    interfaceIndex: (device) => {
      const index = native.interfaceIndex(device);
      if (index < 0) throw new HostError(`this machine has no interface ${device}`);
      return index;
    },
  };
}

interface Arrivals {
  readonly slab: Buffer;
  readonly words: Uint32Array;
}

interface Context {
  readonly native: Native;
  readonly outbox: Outbox;
  readonly arrivals: Arrivals;
}

function held(buffer: AddonBuffer, bytes: Uint8Array): AddonBuffer {
  buffer.bytes.set(bytes);
  return buffer;
}

/** What is thrown becomes a rejection. */
async function soon<Value>(make: () => Value): Promise<Value> {
  return make();
}

/** What a port of either kind is to the addon: a number, and whether it is still good. */
class Opened {
  readonly id: number;
  isOpen = true;
  readonly #outbox: Outbox;

  constructor(id: number, outbox: Outbox, handlers: { readonly lost?: (error: Error) => void }) {
    this.id = id;
    this.#outbox = outbox;
    outbox.open(id, handlers.lost);
  }

  close(): void {
    if (!this.isOpen) return;
    this.#outbox.close(this.id);
    this.isOpen = false;
  }
}

/** @param take gets the place in the words of each arrival @returns what the addon calls */
function onArrivals(
  outbox: Outbox,
  opened: () => Opened,
  take: (at: number) => void,
  failed: (error: Error) => void,
): (count: number) => void {
  let end = 0;
  const takeAll = (): void => {
    const port = opened();
    for (let at = 0; at < end; at += arrivalWords) {
      // Closed by what came in before.
      if (!port.isOpen) return;
      take(at);
    }
  };
  return (count) => {
    if (count < 0) {
      opened().close();
      return failed(systemError(-count, 'recvmmsg'));
    }
    end = count * arrivalWords;
    outbox.receiving(takeAll);
  };
}

function openPort({ native, outbox, arrivals: { slab, words } }: Context, options: AddonPortOptions): DatagramPort {
  const { address, port, device = '', receiveBufferBytes, handlers, inherited = -1 } = options;
  const { received } = handlers;
  const take = (at: number): void => {
    received(
      slab,
      word(words, at),
      word(words, at + 1),
      word(words, at + 2),
      word(words, at + 3),
      word(words, at + 4),
      word(words, at + 5),
    );
  };
  const onReceived = onArrivals(outbox, () => opened, take, handlers.failed);
  const flags =
    (options.arrival === true ? portFlags.arrival : 0) + (options.broadcast === true ? portFlags.broadcast : 0);
  const id = native.openPort(inherited, ipv4ToNumber(address), port, device, receiveBufferBytes, flags, onReceived);
  const at = device === '' ? '' : ` on ${device}`;
  if (id < 0) throw cannot(`listen on UDP ${address}:${port}${at}`, systemError(-id, 'bind'));
  const opened = new Opened(id, outbox, handlers);
  if (options.source !== undefined) native.setSource(id, ipv4ToNumber(options.source));
  if (options.link !== undefined) native.setLink(id, options.link);
  return new AddonPort(opened, native, outbox);
}

function word(words: Uint32Array, at: number): number {
  return words[at] as number;
}

class AddonPort implements DatagramPort {
  readonly port: number;
  readonly #opened: Opened;
  readonly #native: Native;
  readonly #outbox: Outbox;

  constructor(opened: Opened, native: Native, outbox: Outbox) {
    this.#opened = opened;
    this.#native = native;
    this.#outbox = outbox;
    this.port = native.localPort(opened.id);
  }

  send(buffer: SendBuffer, start: number, length: number, segmentBytes: number, address: number, port: number): void {
    if (!this.#opened.isOpen) return;
    this.#outbox.add(this.#opened.id, buffer, start, length, segmentBytes, address, port);
  }

  sendDirect(buffer: SendBuffer, start: number, length: number, address: number, port: number): void {
    if (this.#opened.isOpen) this.#outbox.add(this.#opened.id, buffer, start, length, 0, address, port, true);
  }

  sendCopy(bytes: Uint8Array, address: number, port: number): void {
    if (this.#opened.isOpen) this.#outbox.addCopy(this.#opened.id, bytes, address, port);
  }

  gather(microseconds: number): void {
    if (this.#opened.isOpen) this.#native.gather(this.#opened.id, microseconds);
  }

  close(): void {
    this.#opened.close();
  }
}

/** EtherTypes; without one nothing comes in. */
const protocols = { none: 0, all: 3, ipv4: 0x0800, arp: 0x0806 } as const;

function openPacket({ native, outbox, arrivals: { slab, words } }: Context, options: PacketOptions): PacketPort {
  const { device, protocol, receiveBufferBytes, handlers } = options;
  const take = (at: number): void => handlers.received(slab, word(words, at), word(words, at + 1));
  const onReceived = onArrivals(outbox, () => opened, take, handlers.failed);
  const id = native.openPacket(device, protocols[protocol], receiveBufferBytes, onReceived);
  if (id < 0) throw cannot(`open a packet socket on ${device}`, systemError(-id, 'bind'));
  const opened = new Opened(id, outbox, handlers);
  return {
    send: (buffer, start, length) => {
      if (opened.isOpen) outbox.add(id, buffer, start, length, 0, 0, 0);
    },
    sendCopy: (frame) => {
      if (opened.isOpen) outbox.addCopy(id, frame, 0, 0);
    },
    close: () => opened.close(),
  };
}
