/** UDP ports as the services see them, whoever carries the datagrams. Addresses are numbers: big-endian IPv4 as uint32. */
import type { Ipv4Address } from '../../model/ipv4.ts';

export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

/** Memory that datagrams are sent out of. What was sent may be on its way for a while: it is not changed any more. */
export interface SendBuffer {
  readonly bytes: Uint8Array;
  /** Gives the memory back; what was sent still leaves. `bytes` and the buffer are of no use any more. */
  release(): void;
}

export interface PortHandlers {
  /**
   * The bytes are valid during the call only. `destination` and `interfaceIndex` say where the datagram was sent to and
   * by which interface it came in, where the port was opened with `arrival`; 0 otherwise.
   */
  readonly received: (
    slab: Buffer,
    start: number,
    length: number,
    address: number,
    port: number,
    destination: number,
    interfaceIndex: number,
  ) => void;
  /** The port is closed and of no use any more; called at most once, never after close(). */
  readonly failed: (error: Error) => void;
  /** A datagram was lost to an error here; the port goes on. Not every one is told, when many are lost in one turn. */
  readonly lost?: (error: Error) => void;
}

export interface DatagramPort {
  readonly port: number;
  /** Leaves at the end of this turn with the others, in order. `segmentBytes` > 0: cut into datagrams of that size. */
  send(buffer: SendBuffer, start: number, length: number, segmentBytes: number, address: number, port: number): void;
  /**
   * One datagram to somebody who answers here right now. It may leave as a frame by the link that the port was opened
   * with: then it costs a third less, and no route and no rule for outgoing packets of this machine sees it.
   */
  sendDirect(buffer: SendBuffer, start: number, length: number, address: number, port: number): void;
  /** One datagram that is sent once: the bytes are copied, and need not be held. */
  sendCopy(bytes: Uint8Array, address: number, port: number): void;
  /**
   * What comes in is looked at no more often than this, 1,000 at most; 0: at once. It costs latency, and saves most of the
   * time that goes into waking up where datagrams come faster than that. The plain path looks at once.
   */
  gather(microseconds: number): void;
  /** What was sent in this turn still leaves. */
  close(): void;
}

export interface PortOptions {
  readonly address: Ipv4Address;
  /** 0: a free one. */
  readonly port: number;
  /** Nothing comes in by another interface. The plain path cannot do that: it knows the address only. */
  readonly device?: string;
  /** Interface that `sendDirect` may use. Where it cannot (loopback, no CAP_NET_RAW, the plain path), the socket is used. */
  readonly link?: string;
  /** A burst waits here while the event loop is busy; without CAP_NET_ADMIN the kernel cuts it to net.core.rmem_max. */
  readonly receiveBufferBytes: number;
  readonly handlers: PortHandlers;
}

export interface Datagrams {
  readonly kind: 'addon' | 'plain';
  /** The bytes may be copied: nobody else keeps them then. */
  hold(bytes: Uint8Array): SendBuffer;
  /** Memory of zeros, to be filled in place. */
  allocate(length: number): SendBuffer;
  /** @throws HostError with the cure; nothing is left open then. */
  openPort(options: PortOptions): Promise<DatagramPort>;
}

interface PacketHandlers {
  /** A frame, valid during the call only. Checksums of what this machine sent may be left to a card that never saw it. */
  readonly received: (slab: Buffer, start: number, length: number) => void;
  /** As for PortHandlers. A link that goes down and up again is no failure. */
  readonly failed: (error: Error) => void;
  readonly lost?: (error: Error) => void;
}

/** Whole Ethernet frames of one interface. */
export interface PacketPort {
  send(buffer: SendBuffer, start: number, length: number): void;
  sendCopy(frame: Uint8Array): void;
  close(): void;
}

export interface PacketOptions {
  readonly device: string;
  /** Of the frames that come in; `none`: it only sends. What leaves by this interface never comes in. */
  readonly protocol: 'all' | 'ipv4' | 'arp' | 'none';
  readonly receiveBufferBytes: number;
  readonly handlers: PacketHandlers;
}
