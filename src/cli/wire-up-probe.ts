/** Who asks whether a machine is at an address: the addon on the cable, or else the kernel. */
import { probeAddress } from '../host/address-probe.ts';
import type { OpenDatagrams } from '../host/datagram/open.ts';
import { readHardwareAddress } from '../host/interfaces.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import { openArpProber, type ArpProber } from '../serve/arp-probe.ts';

/** Opens a packet socket with the first question, and closes it when the signal aborts. */
export function addressProbe(
  device: string,
  datagrams: OpenDatagrams,
  signal: AbortSignal,
): (address: Ipv4Address) => Promise<'free' | 'taken'> {
  let opening: Promise<ArpProber | undefined> | undefined;
  return async (address) => {
    opening ??= openProber(device, datagrams, signal);
    const prober = await opening;
    return prober === undefined ? probeAddress(address, { device, signal }) : prober.probe(address);
  };
}

/** @returns undefined without the addon, without CAP_NET_RAW, and where the device is no Ethernet station */
async function openProber(
  device: string,
  datagrams: OpenDatagrams,
  signal: AbortSignal,
): Promise<ArpProber | undefined> {
  const mac = await readHardwareAddress(device);
  if (datagrams.kind === 'plain' || mac === undefined) return undefined;
  const prober = await openArpProber({ datagrams, device, mac }).catch(() => undefined);
  if (signal.aborted) prober?.close();
  else signal.addEventListener('abort', () => prober?.close(), { once: true });
  return prober;
}
