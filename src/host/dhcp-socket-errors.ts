/** What both kinds of DHCP sockets share: a buffer, and how they fail. */
import { HostError } from '../model/errors.ts';
import type { Endpoint } from './datagram/port.ts';

/** Some hundred clients may be switched on at once; without CAP_NET_ADMIN the kernel cuts it to net.core.rmem_max. */
export const dhcpReceiveBufferBytes = 1 << 20;

interface Wanted {
  readonly interface: string;
  readonly port: number;
}

export function cannotOpenDhcp({ port, interface: device }: Wanted, cause: unknown): HostError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: `Find who has it with "ss -lunp sport = :${port}" and stop that, for example "systemctl stop dnsmasq".`,
    EACCES: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE: start the service with systemd or as root.',
  };
  const what =
    code === 'EADDRINUSE' ? `UDP port ${port} is taken, DHCP needs it` : `cannot open UDP port ${port} for DHCP`;
  const hint = hints[code];
  return new HostError(`${what} on ${device}`, { cause, ...(hint !== undefined && { hint }) });
}

export function cannotSendDhcp(to: Endpoint, cause: Error): HostError {
  return new HostError(`cannot send to ${to.address}:${to.port}`, { cause });
}
