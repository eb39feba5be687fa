/** What init finds: the interfaces of this machine, and which of them leads to the internet. Asks iproute2. */
import { hostname } from 'node:os';

import { HostError } from '../model/errors.ts';
import { run } from './process.ts';

export interface MachineNetwork {
  readonly hostName: string;
  readonly interfaces: readonly {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly madeAs: string | undefined;
    readonly hasCable: boolean;
  }[];
  readonly defaultInterface: string | undefined;
}

/** What we read of "ip -json -details address"; everything may be missing. */
interface IpAddressEntry {
  readonly ifname?: string;
  readonly flags?: readonly string[];
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[];
}

interface IpRouteEntry {
  readonly dst?: string;
  readonly dev?: string;
}

export async function readMachineNetwork(signal: AbortSignal): Promise<MachineNetwork> {
  const entries = await ip<IpAddressEntry>(['-details', 'address', 'show'], signal);
  const routes = await ip<IpRouteEntry>(['-4', 'route', 'show', 'default'], signal);
  const interfaces = entries.map(({ ifname = '', flags = [], linkinfo, addr_info: addresses = [] }) => ({
    name: ifname,
    addresses: addresses
      .filter(({ family }) => family === 'inet')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    madeAs: linkinfo?.info_kind,
    hasCable: flags.includes('LOWER_UP'),
  }));
  return { hostName: hostname(), interfaces, defaultInterface: routes[0]?.dev };
}

async function ip<T>(args: readonly string[], signal: AbortSignal): Promise<readonly T[]> {
  const text = await run(['ip', '-json', ...args], { signal });
  try {
    // iproute2 prints nothing at all when there is no entry.
    return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
  } catch (error) {
    throw new HostError(`"ip -json ${args.join(' ')}" did not answer in JSON`, { cause: error });
  }
}
