/** What happens with one DHCP message: decided in order and at once; the disk, the network and a Pi 3 are waited for side by side. */
import type { Endpoint } from '../host/datagram/port.ts';
import { describeError } from '../model/describe-error.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { MacAddress } from '../model/mac.ts';
import type { DhcpSite } from '../plan/dhcp-client.ts';
import type { DhcpDecision, DhcpReply, DhcpWho } from '../plan/dhcp-decision.ts';
import { decideDhcp } from '../plan/dhcp-reply.ts';
import type { DhcpSign } from '../plan/dhcp-signs.ts';
import { noAddress, readMac, type DhcpPacket } from '../wire/dhcp.ts';
import { decodeDhcp } from '../wire/dhcp-decode.ts';
import { encodeDhcp } from '../wire/dhcp-encode.ts';
import { readMessageType } from '../wire/dhcp-options.ts';
import type { AddressChecks } from './address-checks.ts';
import { countUp, type DhcpCounters } from './dhcp-counters.ts';
import { declinedMs, type DhcpDeps } from './dhcp-deps.ts';
import type { DhcpLog } from './dhcp-log.ts';
import type { DhcpProblems } from './dhcp-problems.ts';
import { otherServerText } from './foreign-dhcp.ts';

type AnswerDeps = Omit<DhcpDeps, 'log' | 'nowMs'> & {
  readonly counters: DhcpCounters;
  readonly nowMs: () => number;
  readonly checks: AddressChecks;
  readonly problems: DhcpProblems;
  readonly log: DhcpLog;
  readonly lookAhead: () => void;
};

/** Answers that wait for the disk or the network; a rack of a thousand boards asks as often at once. Clients ask again for what is dropped. */
const maxWaiting = 2000;

interface Message {
  readonly packet: DhcpPacket;
  readonly from: Endpoint;
}

export class DhcpAnswers {
  readonly #deps: AnswerDeps;
  readonly #waiting = new Set<Promise<void>>();
  /** The newest message of boards whose address is being looked for. */
  readonly #unchecked = new Map<MacAddress, Message>();
  /** Boards whose record is on its way to the disk. */
  readonly #recording = new Map<MacAddress, Promise<void>>();
  #ownMac: MacAddress | undefined;

  constructor(deps: AnswerDeps) {
    this.#deps = deps;
  }

  /** Our own look for other servers is heard by ourselves too. */
  ignoreOwn(mac: MacAddress): void {
    this.#ownMac = mac;
  }

  /** @throws WireError */
  handle(bytes: Uint8Array, from: Endpoint): void {
    const packet = decodeDhcp(bytes);
    countUp(this.#deps.counters.received, readMessageType(packet.options) ?? 'bootp');
    this.#decide({ packet, from });
  }

  async settled(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  #decide(message: Message): void {
    const { site, leases, nowMs, log } = this.#deps;
    const { packet } = message;
    const now = site();
    const reason =
      wrongPort(message, now) ?? (this.#isOwn(packet) ? 'it is our own look for other servers' : undefined);
    const decision: DhcpDecision =
      reason === undefined ? decideDhcp(packet, now, leases, nowMs()) : { kind: 'ignore', reason };
    if (decision.kind === 'answer') this.#answer(message, decision);
    else log.unanswered(packet, this.#act(packet, decision, now));
  }

  #isOwn(packet: DhcpPacket): boolean {
    return this.#ownMac !== undefined && readMac(packet) === this.#ownMac;
  }

  /** What else follows from a message that is not answered. */
  #act<D extends Exclude<DhcpDecision, DhcpReply>>(packet: DhcpPacket, decision: D, { network }: DhcpSite): D {
    const { leases, problems, nowMs } = this.#deps;
    if (decision.kind === 'declined') leases.decline(decision.address, nowMs() + declinedMs);
    if (decision.kind === 'released') leases.release(decision.mac);
    if (decision.kind === 'full') problems.poolIsFull(decision.pool, decision.reason);
    if (decision.kind === 'conflict' && decision.board !== undefined) this.#deps.conflict?.(decision.board);
    if (decision.kind === 'elsewhere') this.#noteElsewhere(packet, decision, network);
    return decision;
  }

  #noteElsewhere(
    packet: DhcpPacket,
    { server, who, address }: Extract<DhcpDecision, { kind: 'elsewhere' }>,
    { dhcp, interface: device }: DhcpSite['network'],
  ): void {
    const isProxy = dhcp === 'proxy';
    if (!isProxy) this.#deps.problems.otherServer(server, otherServerText(server, device));
    if (who === undefined) return;
    const atMs = this.#deps.nowMs();
    this.#deps.sign(who, isProxy ? { kind: 'request', atMs, address } : { kind: 'foreign-server', atMs, server });
    if (isProxy && who.kind === 'unknown') this.#wait(packet, this.#deps.record(who));
  }

  #answer(message: Message, reply: DhcpReply): void {
    const { packet } = message;
    const { leases, log } = this.#deps;
    const mac = macOf(reply.who);
    if (this.#isHeldBack(packet, reply)) return;
    if (this.#unchecked.has(mac)) return void this.#unchecked.set(mac, message);
    if (reply.lease !== undefined) leases.give(mac, reply.lease.address, reply.lease);
    if (reply.unchecked !== undefined && !this.#deps.checks.isClear(reply.unchecked)) {
      return this.#check(message, reply.unchecked, mac);
    }
    const record = this.#recording.get(mac) ?? (reply.mustRecord ? this.#record(reply.who, mac) : undefined);
    if (record === undefined) this.#sign(packet, reply);
    if (record === undefined && reply.delayMs === 0) return this.#send(packet, reply);
    if (this.#waiting.size >= maxWaiting) {
      return log.trouble('dhcp.overloaded', '', { waiting: this.#waiting.size });
    }
    this.#wait(packet, this.#sendAfter(packet, reply, record));
  }

  /** A board that would only wait for its files is better off asking again. */
  #isHeldBack(packet: DhcpPacket, { who }: DhcpReply): boolean {
    if (who.kind !== 'node' || !who.isFirmwareDiscover) return false;
    const admission = this.#deps.admit(who.node, who.mac);
    if (admission.kind === 'now') return false;
    const about = { ...who, isFirmwareDiscover: false };
    this.#deps.sign(about, { kind: 'discover', atMs: this.#deps.nowMs(), stage: 'firmware' });
    this.#deps.log.unanswered(packet, { kind: 'held', reason: admission.reason });
    return true;
  }

  /** Decided again when it is known whether somebody is there. */
  #check(message: Message, address: Ipv4Address, mac: MacAddress): void {
    const { checks, log } = this.#deps;
    if (checks.isBusy) return log.trouble('dhcp.overloaded', 'checks', { reason: 'too many addresses are looked for' });
    this.#unchecked.set(mac, message);
    this.#wait(message.packet, this.#afterCheck(message, address, mac));
  }

  async #afterCheck(message: Message, address: Ipv4Address, mac: MacAddress): Promise<void> {
    const { checks, leases, log, nowMs, lookAhead } = this.#deps;
    const found = await checks.check(address);
    const newest = this.#unchecked.get(mac) ?? message;
    this.#unchecked.delete(mac);
    if (found === 'taken') {
      leases.decline(address, nowMs() + declinedMs);
      log.trouble('dhcp.taken', address, { address, reason: `another machine uses the pool address ${address}` });
    }
    this.#decide(newest);
    lookAhead();
  }

  #record(who: DhcpWho, mac: MacAddress): Promise<void> {
    const done = this.#recordAndLearn(who).finally(() => this.#recording.delete(mac));
    this.#recording.set(mac, done);
    return done;
  }

  async #recordAndLearn(who: DhcpWho): Promise<void> {
    const { record, leases, nowMs } = this.#deps;
    await record(who);
    if (who.kind === 'unknown') leases.learn({ ...who.board, lastSeenMs: nowMs() });
  }

  async #sendAfter(packet: DhcpPacket, reply: DhcpReply, record: Promise<void> | undefined): Promise<void> {
    if (record !== undefined) {
      await record;
      // A boot that begins is one of the node with the MAC that was just learned.
      this.#sign(packet, reply);
    }
    if (reply.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, reply.delayMs));
    this.#send(packet, reply);
  }

  #send(packet: DhcpPacket, decision: DhcpReply): void {
    const { socket, log } = this.#deps;
    socket
      .send(encodeDhcp(decision.reply, decision.limits), decision.to)
      .catch((error: unknown) => this.#failed(packet, error));
    log.answered(packet, decision);
  }

  #failed(packet: DhcpPacket, error: unknown): void {
    const reason = describeError(error);
    this.#deps.log.trouble('dhcp.failed', reason, { mac: readMac(packet), reason });
  }

  #wait(packet: DhcpPacket, done: Promise<void>): void {
    const told = done.catch((error: unknown) => this.#failed(packet, error)).finally(() => this.#waiting.delete(told));
    this.#waiting.add(told);
  }

  /** In order, and before the answer: what the board does next comes after that. */
  #sign(packet: DhcpPacket, { who, answer, stage, board, memoryMib }: DhcpReply): void {
    const { sign, nowMs } = this.#deps;
    const atMs = nowMs();
    const type = readMessageType(packet.options);
    const about = { atMs, stage, ...(board !== undefined && { board }), ...(memoryMib !== undefined && { memoryMib }) };
    if (type === 'discover' || type === 'request') sign(who, { kind: type, ...about });
    const kind = answerSigns[answer];
    if (kind !== undefined) sign(who, { kind, atMs });
  }
}

const answerSigns: Readonly<Record<DhcpReply['answer'], DhcpSign['kind'] | undefined>> = {
  offer: 'offer',
  proxy: 'offer',
  ack: 'ack',
  nak: 'nak',
  inform: undefined,
  bootp: undefined,
};

function macOf(who: DhcpWho): MacAddress {
  return who.kind === 'node' ? who.mac : who.board.mac;
}

/**
 * Below 1024 only root may send: a user of a running node must not begin its next boot, and so get that boot's token.
 * @returns what is wrong with where the message came from
 */
function wrongPort({ packet, from }: Message, { clientPort, serverPort }: DhcpSite): string | undefined {
  const expected = packet.giaddr === noAddress ? clientPort : serverPort;
  return from.port === expected ? undefined : `it came from port ${from.port}, not ${expected}`;
}
