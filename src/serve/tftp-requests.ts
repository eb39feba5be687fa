/** From a datagram on port 69 to a running transfer or an ERROR: who may have one, and which it is already. */
import type { Endpoint, ListeningSocket } from '../host/datagram.ts';
import { WireError } from '../model/errors.ts';
import {
  decodeTftp,
  encodeTftp,
  isTftpRequest,
  tftpErrorCode,
  type TftpPacket,
  type TftpRequest,
} from '../wire/tftp.ts';
import { negotiate, type TransferOptions } from '../wire/tftp-options.ts';
import { blocksOfBytes, blocksOfFile, newFrameCache, type BlockSource } from './tftp-blocks.ts';
import type { TftpContent, TftpDeps, TftpLimits } from './tftp-deps.ts';
import { explainShort, FileTransfer, type TransferEnd } from './tftp-transfer.ts';

interface RequestDeps extends TftpDeps {
  readonly limits: TftpLimits;
  /** Where ERRORs are sent from. */
  readonly refusals: ListeningSocket;
}

/** What one (address, port) of a board is being served. */
interface Running {
  readonly peer: Endpoint;
  readonly path: string;
  readonly startedAtMs: number;
  /** undefined while the file is looked up. */
  transfer: FileTransfer | undefined;
}

type Servable = Extract<TftpContent, { readonly kind: 'bytes' | 'file' }>;

/** Anybody can send rubbish as fast as the wire goes: one line tells of many. */
const rubbishLogEveryMs = 10_000;

export class TftpRequests {
  readonly #deps: RequestDeps;
  readonly #cache = newFrameCache();
  readonly #running = new Map<string, Running>();
  readonly #runningOf = new Map<string, number>();
  #isStopped = false;
  #rubbish = { untoldCount: 0, toldAtMs: -rubbishLogEveryMs };

  constructor(deps: RequestDeps) {
    this.#deps = deps;
  }

  receive(datagram: Uint8Array, peer: Endpoint): void {
    // Port 0 cannot be answered; the kernel hands such datagrams on all the same.
    if (this.#isStopped || peer.port === 0) return;
    let packet: TftpPacket;
    try {
      packet = decodeTftp(datagram);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (isTftpRequest(datagram)) this.#refuse(peer, tftpErrorCode.illegalOperation, error.message);
      return this.#tellRubbish(peer, error.message);
    }
    if (packet.kind === 'read') return void this.#read(packet, peer);
    if (packet.kind === 'write') {
      this.#refuse(peer, tftpErrorCode.accessViolation, 'this server is read-only');
      return this.#deps.log.warn('tftp.refused', {
        ...told(peer, packet.path),
        reason: 'a write; TFTP is read-only here',
      });
    }
    // Boards that give a file up after 30 s say so here instead of at the port of the transfer.
    if (packet.kind === 'error') this.#running.get(keyOf(peer))?.transfer?.receive(packet);
  }

  stop(): void {
    this.#isStopped = true;
    for (const { transfer } of this.#running.values()) transfer?.end({ outcome: 'stopped' });
  }

  async #read(request: TftpRequest, peer: Endpoint): Promise<void> {
    const before = this.#running.get(keyOf(peer));
    // The same request from the same port while its transfer runs was sent twice, and its OACK comes again by itself.
    // A Pi 3 begins with the same port at every power-on: what has stalled there belongs to its last one.
    if (before?.path === request.path && before.transfer?.isStalled !== true) return;
    if (before !== undefined) this.#finish(before, { outcome: 'replaced' });
    if (this.#isFull(peer)) return;
    const running: Running = { peer, path: request.path, startedAtMs: performance.now(), transfer: undefined };
    this.#add(running);
    try {
      await this.#answer(request, running);
    } catch (error) {
      this.#refuse(peer, tftpErrorCode.other, 'this file cannot be read now; see the log of the server');
      this.#deps.log.warn('tftp.failed', { ...told(peer, request.path), reason: explainShort(error) });
    } finally {
      this.#remove(running);
    }
  }

  async #answer(request: TftpRequest, running: Running): Promise<void> {
    const { peer, path } = running;
    if (request.mode !== 'octet') {
      return this.#refuse(peer, tftpErrorCode.other, `mode ${request.mode} is not served; ask in mode octet (binary)`);
    }
    const content = await this.#deps.find(path, peer);
    switch (content.kind) {
      case 'missing':
        this.#refuse(peer, tftpErrorCode.notFound, `not found: ${content.reason}`);
        return this.#deps.log.info('tftp.missing', { ...told(peer, path), reason: content.reason });
      case 'refused':
        this.#refuse(peer, tftpErrorCode.accessViolation, content.reason);
        return this.#deps.log.warn('tftp.refused', { ...told(peer, path), reason: content.reason });
      case 'bytes':
      case 'file':
        return this.#send(request, running, content);
    }
  }

  async #send(request: TftpRequest, running: Running, content: Servable): Promise<void> {
    const { address, limits } = this.#deps;
    const sizeBytes = content.kind === 'bytes' ? content.bytes.byteLength : content.sizeBytes;
    const options = negotiate(request.options, { sizeBytes, maxBlockSizeBytes: limits.maxBlockSizeBytes });
    const blocks = await this.#blocksOf(content, options);
    // While the file was looked up, the board may have asked for another one, or the server been stopped.
    if (this.#isStopped || this.#running.get(keyOf(running.peer)) !== running) return;
    const { peer } = running;
    const transfer = new FileTransfer({
      address,
      peer,
      sizeBytes,
      options,
      blocks,
      resendFloorMs: limits.resendFloorMs,
    });
    running.transfer = transfer;
    await transfer.start();
    this.#report(running, await transfer.ended);
  }

  #blocksOf(content: Servable, options: TransferOptions): BlockSource | Promise<BlockSource> {
    const { blockSizeBytes } = options;
    if (content.kind === 'bytes') return blocksOfBytes(content.bytes, blockSizeBytes);
    return blocksOfFile(content, blockSizeBytes, this.#cache);
  }

  #report({ peer, path, startedAtMs }: Running, { outcome, bytes, reason }: TransferEnd): void {
    const durationMs = Math.round(performance.now() - startedAtMs);
    const isUsual = outcome === 'complete' || outcome === 'probed' || outcome === 'stopped';
    this.#deps.log[isUsual ? 'info' : 'warn'](`tftp.${outcome}`, { ...told(peer, path), bytes, durationMs, reason });
    this.#deps.served({ peer, path, bytes, durationMs, outcome });
  }

  /** Silence instead of an ERROR: firmware takes an ERROR for a missing file and boots without it, but asks again. */
  #isFull(peer: Endpoint): boolean {
    const { transfers, transfersPerClient } = this.#deps.limits;
    const ofClient = this.#runningOf.get(peer.address) ?? 0;
    if (this.#running.size < transfers && ofClient < transfersPerClient) return false;
    this.#tellRubbish(
      peer,
      `${this.#running.size} transfers run, ${ofClient} of them to this address: its request waits`,
    );
    return true;
  }

  #add(running: Running): void {
    const { address } = running.peer;
    this.#running.set(keyOf(running.peer), running);
    this.#runningOf.set(address, (this.#runningOf.get(address) ?? 0) + 1);
  }

  #remove(running: Running): void {
    const key = keyOf(running.peer);
    if (this.#running.get(key) !== running) return;
    const { address } = running.peer;
    this.#running.delete(key);
    const left = (this.#runningOf.get(address) ?? 1) - 1;
    if (left === 0) this.#runningOf.delete(address);
    else this.#runningOf.set(address, left);
  }

  #finish(running: Running, ending: Pick<TransferEnd, 'outcome'>): void {
    this.#remove(running);
    running.transfer?.end(ending);
  }

  #refuse(peer: Endpoint, code: number, message: string): void {
    if (!this.#isStopped) this.#deps.refusals.send(encodeTftp({ kind: 'error', code, message }), peer);
  }

  #tellRubbish(peer: Endpoint, reason: string): void {
    const nowMs = performance.now();
    this.#rubbish.untoldCount++;
    if (nowMs - this.#rubbish.toldAtMs < rubbishLogEveryMs) return;
    this.#deps.log.warn('tftp.ignored', { peer: keyOf(peer), reason, datagrams: this.#rubbish.untoldCount });
    this.#rubbish = { untoldCount: 0, toldAtMs: nowMs };
  }
}

function keyOf(peer: Endpoint): string {
  return `${peer.address}:${peer.port}`;
}

function told(peer: Endpoint, path: string): { peer: string; path: string } {
  return { peer: keyOf(peer), path };
}
