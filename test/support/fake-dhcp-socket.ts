/** A DHCP socket without a network: what is delivered is received, what is sent is kept. */
import type { Endpoint } from '../../src/host/datagram/port.ts';
import type { DhcpReceiver, DhcpSocket } from '../../src/host/dhcp-socket.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { Log, LogFields } from '../../src/model/log.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import type { DhcpPacket } from '../../src/wire/dhcp.ts';

const someClient: Endpoint = { address: parseIpv4('10.42.0.77'), port: 68 };

export class FakeDhcpSocket implements DhcpSocket {
  readonly sent: { readonly packet: DhcpPacket; readonly to: Endpoint }[] = [];
  /** Called after each datagram that was sent. */
  onSend: (packet: DhcpPacket) => void = () => undefined;
  #receiver: DhcpReceiver | undefined;

  get isListening(): boolean {
    return this.#receiver !== undefined;
  }

  deliver(bytes: Uint8Array, from = someClient): void {
    this.#receiver?.received(bytes, from);
  }

  fail(error: Error): void {
    this.#receiver?.failed(error);
  }

  receive(receiver: DhcpReceiver | undefined): void {
    this.#receiver = receiver;
  }

  send(bytes: Uint8Array, to: Endpoint): Promise<void> {
    const packet = decodeDhcp(bytes);
    this.sent.push({ packet, to });
    this.onSend(packet);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#receiver = undefined;
    return Promise.resolve();
  }
}

/** Keeps every line as `level event {fields}`. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (event: string, fields: LogFields = {}) => {
      lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
    };
  return { lines, info: write('info'), warn: write('warn') };
}
