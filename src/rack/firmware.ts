/** A board's firmware from power-on until it has a kernel to start; begins anew as long as it has none. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { run } from '../host/process.ts';
import { HostError } from '../model/errors.ts';
import type { BoardIdentity } from './eeprom.ts';
import { hearAnyAddress } from './any-address.ts';
import { requestAddress, type DhcpPorts } from './firmware-address.ts';
import type { Offer } from './firmware-dhcp.ts';
import type { Emit } from './firmware-event.ts';
import {
  firmwareStages,
  type FileAnswer,
  type FirmwareFiles,
  type FirmwareResult,
  type LoaderRequest,
} from './firmware-files.ts';
import { loadFile, type LoadResult, type TftpPeer } from './firmware-load.ts';
import { bootOverHttp, type HttpSettings } from './http-boot.ts';
import { loadersOf, restartMs } from './loaders.ts';

export interface FirmwareOptions {
  readonly who: BoardIdentity;
  /** The only interface of the namespace beside loopback. */
  readonly interface: string;
  readonly ports: DhcpPorts & { readonly tftp: number };
  /** BOOT_ORDER says HTTP; undefined: network. */
  readonly http?: HttpSettings | undefined;
  readonly emit: Emit;
  /** Gets every file that was loaded, as it came. */
  readonly keep: (path: string, bytes: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

export type LoadedBoot = Extract<FirmwareResult, { kind: 'start' }>;

export async function runFirmware(options: FirmwareOptions): Promise<LoadedBoot> {
  for (let attempt = 0; ; attempt++) {
    const result = await runStages(options);
    if (result === undefined) continue;
    if (result.kind === 'start') return result;
    if (result.kind === 'stuck') options.emit({ event: 'stuck', reason: result.reason });
    await sleep(attempt === 0 ? restartMs.first : restartMs.later, undefined, { signal: options.signal });
  }
}

/** @returns undefined when a stage got no address */
async function runStages(options: FirmwareOptions): Promise<FirmwareResult | undefined> {
  let result: FirmwareResult | undefined;
  for (const [stage, begin] of firmwareStages(options.who).entries()) {
    await clearAddress(options);
    const offer = await requestAddress(options.who, stage, options);
    if (offer === undefined) return noAddress(options);
    options.emit({ event: 'offer', address: offer.address, tftpServer: offer.tftpServer });
    await takeAddress(offer, options);
    if (options.http !== undefined) return bootOverHttp({ ...options, http: options.http });
    result = await loadAll(begin(), offer, options);
    if (result.kind !== 'next-stage') return result;
  }
  return result;
}

/** @throws HostError when the loader asks no more */
function noAddress({ who }: FirmwareOptions): undefined {
  if (loadersOf(who).dhcp.afterGivingUp === 'restart') return undefined;
  throw new HostError('no DISCOVER was answered', {
    hint: 'A Pi 3 does not ask again: cut its power, and switch it on.',
  });
}

/** One file after the other, each from the next source port. */
async function loadAll(files: FirmwareFiles, offer: Offer, options: FirmwareOptions): Promise<FirmwareResult> {
  let sourcePort = loadersOf(options.who).firstSourcePort ?? randomInt(20_000, 60_000);
  let count = 0;
  let bytes = 0;
  let answer: FileAnswer;
  for (;;) {
    const step = files.next(answer);
    if (step.done === true) {
      if (step.value.kind === 'start') options.emit({ event: 'start', files: count, bytes });
      return step.value;
    }
    const { client } = step.value;
    const { blockSizeBytes } = client;
    const peer = {
      server: offer.tftpServer,
      port: options.ports.tftp,
      sourcePort: sourcePort++,
      blockSizeBytes,
      client,
    };
    const result = await timedLoad(step.value, peer, options);
    if (result.kind === 'late') return { kind: 'stuck', reason: result.reason };
    if (result.kind === 'loaded') {
      count += 1;
      bytes += result.bytes.byteLength;
      await options.keep(step.value.path, result.bytes);
    }
    answer = answerOf(result);
  }
}

async function timedLoad(
  request: LoaderRequest,
  peer: TftpPeer,
  { emit, signal }: FirmwareOptions,
): Promise<LoadResult> {
  const startedMs = performance.now();
  const result = await loadFile(request, peer, signal);
  emit({
    event: 'file',
    path: request.path,
    outcome: result.kind,
    bytes: result.kind === 'loaded' ? result.bytes.byteLength : 0,
    durationMs: Math.round(performance.now() - startedMs),
    ...('reason' in result && { reason: result.reason }),
  });
  return result;
}

/** A probe that found the file has no bytes, but it is an answer. */
function answerOf(result: LoadResult): FileAnswer {
  if (result.kind === 'loaded') return result.bytes;
  return result.kind === 'exists' ? new Uint8Array() : undefined;
}

/** The kernel here stands in for the board's own IP stack; a default route lets broadcasts leave without an address. */
async function clearAddress({ interface: name, signal }: FirmwareOptions): Promise<void> {
  await run(['ip', 'address', 'flush', 'dev', name], { signal });
  await run(['ip', 'route', 'replace', 'default', 'dev', name], { signal });
  await hearAnyAddress(name, signal);
}

async function takeAddress(offer: Offer, { interface: name, signal }: FirmwareOptions): Promise<void> {
  await run(['ip', 'address', 'add', `${offer.address}/${offer.prefixLength}`, 'dev', name], { signal });
  if (offer.gateway === undefined) return;
  await run(['ip', 'route', 'replace', 'default', 'via', offer.gateway, 'dev', name], { signal });
}
