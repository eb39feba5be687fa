/** Is a machine at this address? Asked on the cable itself (RFC 5227), so that no entry of the kernel's table is in the way. */
import type { AddonDatagrams } from '../host/datagram/addon-port.ts';
import { WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import { arpProbe, decodeArp, encodeArp, type ArpFrame } from '../wire/arp-frame.ts';

export interface ArpProbeOptions {
  readonly datagrams: AddonDatagrams;
  readonly device: string;
  /** Of this machine on the device. */
  readonly mac: MacAddress;
  /** How long a machine may take to answer; it is asked twice in that time. */
  readonly waitMs?: number;
}

type Found = 'free' | 'taken';

export interface ArpProber {
  probe(address: Ipv4Address): Promise<Found>;
  /** Who still waits hears `free`. */
  close(): void;
}

/** A machine on the same cable answers within a millisecond or two; Wi-Fi bridges and sleeping boards take longer. */
const usualWaitMs = 400;

/** A burst of boards asks for some hundred addresses at once. */
const receiveBufferBytes = 1 << 20;

/** One packet socket for all questions: to close one makes the kernel wait for every processor. @throws HostError */
export async function openArpProber(options: ArpProbeOptions): Promise<ArpProber> {
  const { datagrams, device, mac, waitMs = usualWaitMs } = options;
  const questions = new Set<Question>();
  const received = (slab: Buffer, start: number, length: number): void => {
    if (questions.size === 0) return;
    const heard = decode(slab.subarray(start, start + length));
    if (heard === undefined || heard.sender.mac === mac) return;
    for (const question of questions) if (question.address === heard.sender.address) question.answer('taken');
  };
  const close = (): void => {
    port.close();
    for (const question of questions) question.answer('free');
  };
  const handlers = { received, failed: close };
  const port = await datagrams.openPacket({ device, protocol: 'arp', receiveBufferBytes, handlers });
  const ask = (address: Ipv4Address): void => port.sendCopy(encodeArp(arpProbe(mac, address)));
  const probe = (address: Ipv4Address): Promise<Found> =>
    new Promise((resolve) => {
      const timers = [setTimeout(ask, waitMs / 2, address), setTimeout(() => question.answer('free'), waitMs)];
      const answer = (found: Found): void => {
        for (const timer of timers) clearTimeout(timer);
        questions.delete(question);
        resolve(found);
      };
      const question: Question = { address, answer };
      questions.add(question);
      ask(address);
    });
  return { probe, close };
}

interface Question {
  readonly address: Ipv4Address;
  readonly answer: (found: Found) => void;
}

function decode(frame: Uint8Array): ArpFrame | undefined {
  try {
    return decodeArp(frame);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
