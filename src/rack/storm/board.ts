/** One board of a storm, from power-on until it has everything to start: frames and time in, frames out. No socket, no clock. */
import { ipv4ToNumber } from '../../model/ipv4.ts';
import { macToBytes } from '../../model/mac.ts';
import { encodeTftp } from '../../wire/tftp.ts';
import type { BootOrder } from '../boot-order.ts';
import { DhcpAttempt } from '../dhcp-attempt.ts';
import type { BoardIdentity } from '../eeprom.ts';
import { requestPacket, type Offer } from '../firmware-dhcp.ts';
import { firmwareStages, type FirmwareFiles, type FirmwareResult } from '../firmware-files.ts';
import { loadersOf, restartMs, type Loaders } from '../loaders.ts';
import type { Fate } from '../stack/faults.ts';
import { at, payloadBytes, uint16, uint32 } from '../stack/frames.ts';
import type { Random } from '../stack/random.ts';
import type { Station, Switchboard } from '../stack/switchboard.ts';
import type { FetchStep } from '../tftp-fetch.ts';
import type { BootContents } from './contents.ts';
import { BoardLink } from './link.ts';
import { Loading } from './loading.ts';
import type { BoardRecord } from './record.ts';

export interface StormBoardOptions {
  readonly identity: BoardIdentity;
  readonly record: BoardRecord;
  readonly switchboard: Switchboard;
  readonly contents: BootContents;
  readonly bootOrder: BootOrder;
  readonly isStrict: boolean;
  readonly random: Random;
  /** Bytes after which its power fails, once; undefined: never. */
  readonly diesAfterBytes: number | undefined;
}

type State = 'off' | 'dhcp' | 'loading' | 'pausing' | 'dead' | 'complete';

const dhcpClientPort = 68;
const tftpPort = 69;

/** A frame that was lost, doubled or overtaken makes trouble for its own block and the next. */
const meddledBlocks = 2;

/** Power that failed or was switched off is back after so long. */
const powerCutMs = 5000;

export class StormBoard implements Station {
  readonly mac: Uint8Array;
  readonly random: Random;
  readonly record: BoardRecord;
  readonly #options: StormBoardOptions;
  readonly #loaders: Loaders;
  readonly #stages: readonly (() => FirmwareFiles)[];
  readonly #link: BoardLink;
  /** When tick() has something to do; never too late. */
  nextMs = Infinity;
  #state: State = 'off';
  #stage = 0;
  #dhcp: DhcpAttempt | undefined;
  /** The network has lost the DISCOVER, or something on the way back. */
  #isExcused = false;
  #loading: Loading | undefined;
  /** The network has meddled with a frame: so many blocks from now a repeated one may be its fault. */
  #meddled = 0;
  #diesAfterBytes: number;
  #repeatUntilMs = 0;

  constructor(options: StormBoardOptions) {
    this.#options = options;
    this.mac = macToBytes(options.identity.mac);
    this.random = options.random;
    this.record = options.record;
    this.#loaders = loadersOf(options.identity);
    this.#stages = firmwareStages(options.identity);
    this.#link = new BoardLink(this, options.switchboard);
    this.#diesAfterBytes = options.diesAfterBytes ?? Infinity;
  }

  get isOver(): boolean {
    return this.#state === 'complete' || this.#state === 'dead';
  }

  /** Power comes at `atMs`, and once more after each complete boot until `repeatUntilMs`. */
  plugIn(atMs: number, repeatUntilMs: number): void {
    this.record.powerOnMs = atMs;
    this.nextMs = atMs;
    this.#repeatUntilMs = repeatUntilMs;
  }

  tick(nowMs: number): void {
    if (nowMs < this.nextMs) return;
    switch (this.#state) {
      case 'off':
        return this.#beginStage(0, nowMs);
      case 'pausing':
        return this.#beginStage(0, nowMs);
      case 'dhcp':
        return this.#tickDhcp(nowMs);
      case 'loading':
        return this.#take(this.#loading?.fetch?.tick(nowMs) ?? 'nothing', nowMs);
      case 'dead':
      case 'complete':
        this.nextMs = Infinity;
    }
  }

  /** Whatever comes late or again may be the network's fault. */
  missFrame(): void {
    this.#isExcused = true;
    this.noteDelay();
  }

  /** The board itself may have been too late with its last ACK. */
  noteDelay(): void {
    this.#meddled = meddledBlocks;
  }

  hearArp(frame: Uint8Array, start: number, nowMs: number): void {
    if (this.#state === 'off') return;
    const answers = this.#state !== 'loading' || this.#loaders.answersArpWhileLoading;
    const isNews = this.#link.hearArp(frame, start, nowMs, answers);
    if (isNews && this.#state === 'loading') this.#send(nowMs);
  }

  hearUdp(frame: Uint8Array, start: number, nowMs: number, isRepeated: boolean): void {
    const port = uint16(frame, start + at.destinationPort);
    if (this.#state === 'loading' && port === this.#loading?.sourcePort) {
      this.#hearTftp(this.#loading, frame, start, nowMs, isRepeated);
    } else if (this.#state === 'dhcp' && port === dhcpClientPort) {
      const first = start + at.payload;
      const offer = this.#dhcp?.receive(frame.subarray(first, first + payloadBytes(frame, start)));
      if (offer !== undefined) this.#takeOffer(offer, nowMs);
    }
  }

  #beginStage(stage: number, nowMs: number): void {
    const { identity } = this.#options;
    this.#stage = stage;
    this.#loading = undefined;
    this.#link.configure(0, 0);
    const { dhcp } = this.#loaders;
    this.#dhcp = new DhcpAttempt(identity, stage, dhcp, dhcp.xid ?? this.random.uint32(), nowMs);
    this.#state = 'dhcp';
    this.#isExcused = true;
    this.#tickDhcp(nowMs);
  }

  #tickDhcp(nowMs: number): void {
    const attempt = this.#dhcp;
    if (attempt === undefined) return;
    const step = attempt.tick(nowMs);
    if (step === 'nothing') return;
    if (!this.#isExcused) this.record.unanswered += 1;
    if (step === 'give up') return this.#noOffer(nowMs);
    this.#isExcused = this.#link.broadcastDhcp(step, nowMs) === 'lost';
    this.nextMs = attempt.nextTickMs;
  }

  #noOffer(nowMs: number): void {
    const { afterGivingUp, giveUpMs } = this.#loaders.dhcp;
    const reason = `no OFFER in ${giveUpMs / 1000} s`;
    if (afterGivingUp === 'restart') this.#restart(reason, nowMs);
    else this.#die(`${reason}: a Pi 3 does not ask again`);
  }

  /** No wait for the ACK: the loader goes on with the OFFERed address. */
  #takeOffer(offer: Offer, nowMs: number): void {
    const { identity, contents, isStrict } = this.#options;
    this.record.offerMs ??= nowMs - this.record.powerOnMs;
    const request = requestPacket(identity, this.#dhcp?.xid ?? 0, offer);
    if (request !== undefined) this.#link.broadcastDhcp(request, nowMs);
    this.#link.configure(ipv4ToNumber(offer.address), ipv4ToNumber(offer.tftpServer));
    const files = this.#stages[this.#stage]?.();
    if (files === undefined) return;
    const firstPort = this.#loaders.firstSourcePort ?? this.random.between(20_000, 60_000);
    this.#loading = new Loading(files, firstPort, { contents, record: this.record, isStrict });
    this.#state = 'loading';
    this.#afterFile(this.#loading.next(nowMs), nowMs);
  }

  #hearTftp(loading: Loading, frame: Uint8Array, start: number, nowMs: number, isRepeated: boolean): void {
    const { fetch } = loading;
    const port = uint16(frame, start + at.sourcePort);
    if (fetch === undefined || uint32(frame, start + at.ipSource) !== this.#link.server) return;
    // The server's first answer fixes its port: RFC 1350 §4.
    if (loading.transferPort !== 0 && loading.transferPort !== port) return;
    const { repeats, received } = fetch;
    const step = fetch.receive(frame, start + at.payload, payloadBytes(frame, start), nowMs);
    if (isRepeated) this.#meddled = meddledBlocks;
    else this.#judge(fetch.repeats !== repeats, fetch.received !== received);
    if (step === 'nothing') return;
    loading.transferPort = port;
    this.#take(step, nowMs);
    if (this.record.bytes >= this.#diesAfterBytes && this.#state === 'loading') this.#cutPower(nowMs);
  }

  /** Nothing but a lost ACK, or what a network does, is a reason to send a block again. */
  #judge(isAgain: boolean, isNew: boolean): void {
    if (isAgain && this.#meddled === 0) this.record.needlessRepeats += 1;
    if (isNew && this.#meddled > 0) this.#meddled -= 1;
  }

  #take(step: FetchStep, nowMs: number): void {
    if (step !== 'nothing') this.#send(nowMs);
    if (step === 'end') this.#afterFile(this.#loading?.finish(nowMs), nowMs);
    else this.nextMs = this.#loading?.fetch?.nextTickMs ?? Infinity;
  }

  #send(nowMs: number): void {
    const loading = this.#loading;
    const fetch = loading?.fetch;
    if (loading === undefined || fetch === undefined) return;
    const port = fetch.isForTransfer ? loading.transferPort : tftpPort;
    const block = fetch.acknowledged;
    const packet = block === undefined ? fetch.packet() : undefined;
    let fate: Fate | 'unresolved' = 'pass';
    if (block !== undefined) fate = this.#link.acknowledge(block, loading.sourcePort, port, nowMs);
    else if (packet !== undefined) fate = this.#link.send(encodeTftp(packet), loading.sourcePort, port, nowMs);
    if (fate !== 'pass') this.#meddled = meddledBlocks;
  }

  /** @param result undefined: there is another file */
  #afterFile(result: FirmwareResult | undefined, nowMs: number): void {
    switch (result?.kind) {
      case undefined:
        this.#send(nowMs);
        this.nextMs = this.#loading?.fetch?.nextTickMs ?? Infinity;
        return;
      case 'next-stage':
        return this.#beginStage(this.#stage + 1, nowMs);
      case 'stuck':
        return this.#restart(result.reason, nowMs);
      case 'start':
        return this.#complete(nowMs);
    }
  }

  #complete(nowMs: number): void {
    this.record.completeMs ??= nowMs - this.record.powerOnMs;
    this.record.boots += 1;
    if (nowMs < this.#repeatUntilMs) this.#switchOff(nowMs);
    else this.#end('complete');
  }

  #restart(reason: string, nowMs: number): void {
    const { untilNetworkMs, text } = this.#options.bootOrder;
    if (untilNetworkMs === undefined) return this.#die(`${reason}; BOOT_ORDER ${text} ends there`);
    const pause = this.record.restarts.length === 0 ? restartMs.first : restartMs.later;
    this.record.restarts.push({ reason, atMs: nowMs - this.record.powerOnMs });
    this.#state = 'pausing';
    this.nextMs = nowMs + pause + untilNetworkMs;
  }

  #cutPower(nowMs: number): void {
    this.#diesAfterBytes = Infinity;
    this.record.restarts.push({ reason: 'power cut in the middle of a file', atMs: nowMs - this.record.powerOnMs });
    this.#switchOff(nowMs);
  }

  #switchOff(nowMs: number): void {
    this.#link.configure(0, 0);
    this.#loading = undefined;
    this.#state = 'off';
    this.nextMs = nowMs + powerCutMs;
  }

  #die(reason: string): void {
    this.record.dead = reason;
    this.#end('dead');
  }

  #end(state: 'complete' | 'dead'): void {
    this.#state = state;
    this.#loading = undefined;
    this.nextMs = Infinity;
  }
}
