/** DHCP on the addon: one socket that belongs to the interface, and frames to clients that have no address yet. */
import { HostError } from '../model/errors.ts';
import { ipv4FromNumber, ipv4ToNumber, parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { AddonDatagrams } from './datagram/addon-port.ts';
import type { DatagramPort, PacketPort, PortHandlers } from './datagram/port.ts';
import { cannotOpenDhcp, dhcpReceiveBufferBytes } from './dhcp-socket-errors.ts';
import type { DhcpReceiver, DhcpSocket, DhcpSocketOptions } from './dhcp-socket.ts';
import { readHardwareAddress } from './interfaces.ts';

interface Station {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly port: number;
}

export interface AddonSocketDeps {
  readonly datagrams: AddonDatagrams;
  /** Of wire/udp-frame.ts. */
  readonly encodeFrame: (frame: {
    readonly from: Station;
    readonly to: Station;
    readonly payload: Uint8Array;
  }) => Uint8Array;
}

const anyAddress = parseIpv4('0.0.0.0');
const everybody = parseIpv4('255.255.255.255');

/** @param inherited a socket that is bound already. @throws HostError; nothing is left open then */
export async function openAddonSocket(
  { datagrams, encodeFrame }: AddonSocketDeps,
  options: DhcpSocketOptions,
  inherited?: number,
): Promise<DhcpSocket> {
  let receiver: DhcpReceiver | undefined;
  const handlers = handlersFor(datagrams.interfaceIndex(options.interface), () => receiver);
  const mac = await readHardwareAddress(options.interface);
  const port = await openPort(datagrams, options, handlers, inherited);
  const frames = mac && (await openFrames(datagrams, options.interface, handlers));
  const from = mac && { mac, address: options.address, port: options.port };
  return {
    receive: (next) => {
      receiver = next;
    },
    send: async (bytes, to) => {
      if (to.mac === undefined) return port.sendCopy(bytes, ipv4ToNumber(to.address), to.port);
      if (frames === undefined || from === undefined) return port.sendCopy(bytes, ipv4ToNumber(everybody), to.port);
      frames.sendCopy(encodeFrame({ from, to: { ...to, mac: to.mac }, payload: bytes }));
    },
    close: async () => {
      receiver = undefined;
      port.close();
      frames?.close();
    },
  };
}

function handlersFor(index: number, receiver: () => DhcpReceiver | undefined): PortHandlers {
  return {
    received: (slab, start, length, address, port, _destination, arrivedBy) => {
      // The kernel sees to that; a socket of somebody else's making is not believed without a look.
      if (arrivedBy !== index) return;
      // Kept until it has been written down and answered, longer than the slab.
      const bytes = Buffer.from(slab.subarray(start, start + length));
      receiver()?.received(bytes, { address: ipv4FromNumber(address), port });
    },
    failed: (error) => receiver()?.failed(error),
    lost: (error) => receiver()?.failed(new HostError('a DHCP message was not sent', { cause: error })),
  };
}

async function openPort(
  datagrams: AddonDatagrams,
  { interface: device, address: source, port }: DhcpSocketOptions,
  handlers: PortHandlers,
  inherited: number | undefined,
): Promise<DatagramPort> {
  try {
    return await datagrams.openPort({
      // Bound to an address it would hear no broadcasts.
      address: anyAddress,
      source,
      port,
      device,
      broadcast: true,
      arrival: true,
      receiveBufferBytes: dhcpReceiveBufferBytes,
      handlers,
      ...(inherited !== undefined && { inherited }),
    });
  } catch (error) {
    throw cannotOpenDhcp({ interface: device, port }, (error as Error).cause);
  }
}

/** @returns undefined without CAP_NET_RAW: then such clients are answered by broadcast, as on Node's sockets */
async function openFrames(
  datagrams: AddonDatagrams,
  device: string,
  { failed, lost }: PortHandlers,
): Promise<PacketPort | undefined> {
  const handlers = { received: () => undefined, failed, ...(lost !== undefined && { lost }) };
  try {
    return await datagrams.openPacket({ device, protocol: 'none', receiveBufferBytes: 0, handlers });
  } catch {
    return undefined;
  }
}
