/** DHCP on the wire for a board without an address: broadcasts from 0.0.0.0, in a namespace of the board's own. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { WireError } from '../model/errors.ts';
import type { DhcpPacket } from '../wire/dhcp.ts';
import { decodeDhcp } from '../wire/dhcp-decode.ts';
import type { BoardIdentity } from './eeprom.ts';
import {
  addHalf,
  decideOffer,
  discoverPacket,
  joinHalves,
  requestPacket,
  type Offer,
  type OfferHalves,
} from './firmware-dhcp.ts';
import type { Emit } from './firmware-event.ts';
import { loadersOf } from './loaders.ts';

const everyone = '255.255.255.255';

export interface DhcpPorts {
  readonly server: number;
  readonly client: number;
}

interface Attempt {
  readonly who: BoardIdentity;
  readonly stage: number;
  readonly xid: number;
  readonly socket: Socket;
  readonly ports: DhcpPorts;
  readonly emit: Emit;
}

/** One attempt. @returns undefined when its time has passed without an OFFER that the loader takes. */
export async function requestAddress(
  who: BoardIdentity,
  stage: number,
  options: { readonly ports: DhcpPorts; readonly emit: Emit; readonly signal: AbortSignal },
): Promise<Offer | undefined> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    socket.bind(options.ports.client, '0.0.0.0');
    await once(socket, 'listening', { signal: options.signal });
    socket.setBroadcast(true);
    const xid = loadersOf(who).dhcp.xid ?? randomInt(2 ** 32);
    const attempt: Attempt = { who, stage, xid, socket, ports: options.ports, emit: options.emit };
    const done = new AbortController();
    const offer = await Promise.race([
      awaitOffer(attempt, done.signal),
      sendDiscovers(attempt, AbortSignal.any([options.signal, done.signal])),
    ]).finally(() => done.abort());
    if (offer === undefined) options.emit({ event: 'no-offer' });
    // No wait for the ACK: the loader goes on with the OFFERed address.
    const request = offer && requestPacket(who, attempt.xid, offer);
    if (request !== undefined) await send(attempt, request);
    return offer;
  } finally {
    socket.close();
  }
}

function awaitOffer({ socket, who, xid, emit }: Attempt, signal: AbortSignal): Promise<Offer> {
  return new Promise((resolve) => {
    let halves: OfferHalves = {};
    const onMessage = (datagram: Uint8Array) => {
      const reply = decode(datagram);
      if (typeof reply === 'string') return emit({ event: 'ignored-offer', reason: reply });
      const before = halves;
      halves = addHalf(before, reply, who, xid);
      const offer = joinHalves(halves);
      if (offer !== undefined) return resolve(offer);
      if (halves !== before) return;
      const decision = decideOffer(reply, who, xid);
      if (decision.kind === 'ignore') emit({ event: 'ignored-offer', reason: decision.reason });
    };
    socket.on('message', onMessage);
    signal.addEventListener('abort', () => socket.off('message', onMessage), { once: true });
  });
}

/** @returns a sentence when it is no DHCP packet */
function decode(datagram: Uint8Array): DhcpPacket | string {
  try {
    return decodeDhcp(datagram);
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}

async function sendDiscovers(attempt: Attempt, signal: AbortSignal): Promise<undefined> {
  const { discoverTimesMs, giveUpMs } = loadersOf(attempt.who).dhcp;
  let elapsedMs = 0;
  for (const [index, atMs] of discoverTimesMs.entries()) {
    await sleep(atMs - elapsedMs, undefined, { signal });
    elapsedMs = atMs;
    attempt.emit({ event: 'discover', attempt: index + 1 });
    await send(attempt, discoverPacket(attempt.who, attempt.xid, attempt.stage));
  }
  await sleep(giveUpMs - elapsedMs, undefined, { signal });
  return undefined;
}

function send({ socket, ports }: Attempt, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, ports.server, everyone, (error) => (error === null ? resolve() : reject(error)));
  });
}
