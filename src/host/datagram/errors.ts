/** What a system call on a socket says, as a sentence with its cure. */
import { getSystemErrorName } from 'node:util';

import { HostError } from '../../model/errors.ts';

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Find what listens there with "ss -lunp" and stop it, for example "systemctl stop dnsmasq tftpd-hpa".',
  EACCES: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE: start the service with systemd or as root.',
  EPERM: 'This needs root or CAP_NET_RAW: start the service with systemd or as root.',
  EADDRNOTAVAIL: 'Give this address to the interface, or set network.address in cluster.yaml to one this machine has.',
};

/** @param what after "cannot", for example `listen on UDP 10.42.0.1:69` */
export function cannot(what: string, cause: NodeJS.ErrnoException): HostError {
  const hint = hints[cause.code ?? ''];
  return new HostError(`cannot ${what}`, { cause, ...(hint !== undefined && { hint }) });
}

/** @param errno as the kernel counts them, above zero */
export function systemError(errno: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call });
}
