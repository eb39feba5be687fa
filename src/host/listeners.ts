/** Which programs listen on this machine's ports? Asks ss, which knows the programs where it runs as root. */
import { run } from './process.ts';

export interface Listener {
  readonly protocol: 'udp' | 'tcp';
  /** `0.0.0.0`, `*` and `[::]` are all. */
  readonly address: string;
  /** undefined: of all interfaces. */
  readonly device: string | undefined;
  readonly port: number;
  readonly program: string;
  readonly pid: number;
}

export async function readListeners(signal: AbortSignal): Promise<readonly Listener[]> {
  return parseListeners(await run(['ss', '-Hlntup'], { signal }));
}

/**
 *     udp UNCONN 0 0 0.0.0.0%eth0:67 0.0.0.0:* users:(("dnsmasq",pid=612,fd=4))
 *
 * Sockets of the kernel itself have no users, and are left out.
 */
const socketLine =
  /^(?<protocol>udp|tcp)\s+\S+\s+\d+\s+\d+\s+(?<address>[^\s%]+?)(?:%(?<device>[^\s:]+))?:(?<port>\d+)\s+\S+\s+users:\(\("(?<program>[^"]*)",pid=(?<pid>\d+)/gm;

export function parseListeners(text: string): Listener[] {
  return [...text.matchAll(socketLine)].map(({ groups = {} }) => ({
    protocol: groups['protocol'] === 'udp' ? 'udp' : 'tcp',
    address: groups['address'] ?? '',
    device: groups['device'],
    port: Number(groups['port']),
    program: groups['program'] ?? '',
    pid: Number(groups['pid']),
  }));
}
