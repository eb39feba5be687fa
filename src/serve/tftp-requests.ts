/** From a datagram on port 69 to a running transfer or an ERROR: who may have one, and which it is already. */
import type { DatagramPort } from '../host/datagram/port.ts';
import { WireError } from '../model/errors.ts';
import { ipv4FromNumber, type Ipv4Address } from '../model/ipv4.ts';
import {
  decodeTftp,
  encodeTftp,
  isTftpRequest,
  tftpErrorCode,
  type TftpPacket,
  type TftpRequest,
} from '../wire/tftp.ts';
import { negotiate, negotiateBlockSize } from '../wire/tftp-options.ts';
import { SendingSide } from '../wire/tftp-send.ts';
import { blocksOfBytes, bytesToSend, type BlockSource, type TransferMode } from './tftp-blocks.ts';
import type { TftpClients } from './tftp-clients.ts';
import type { TftpCounters } from './tftp-counters.ts';
import type { TftpContent, TftpDeps, TftpLimits } from './tftp-deps.ts';
import type { TftpEngine } from './tftp-engine.ts';
import type { FramedFiles } from './tftp-files.ts';
import type { TftpLog } from './tftp-log.ts';
import type { TftpPeers } from './tftp-peers.ts';
import { explainShort, FileTransfer, Sending } from './tftp-transfer.ts';

interface RequestDeps extends Pick<TftpDeps, 'datagrams' | 'find' | 'floorMs' | 'watch'> {
  readonly limits: TftpLimits;
  readonly counters: TftpCounters;
  readonly peers: TftpPeers;
  readonly clients: TftpClients;
  readonly engine: TftpEngine;
  readonly files: FramedFiles;
  readonly log: TftpLog;
  /** Where ERRORs are sent from: boards expect an answer from another port than 69. */
  readonly refusals: DatagramPort;
}

type Servable = Extract<TftpContent, { readonly kind: 'bytes' | 'file' }>;

const modes: ReadonlySet<string> = new Set<TransferMode>(['octet', 'netascii']);

export class TftpRequests {
  readonly #deps: RequestDeps;
  /** Those that confirmed nothing yet, the oldest first: they make room for others. */
  readonly #halfOpen = new Set<FileTransfer>();
  #lookups = 0;

  constructor(deps: RequestDeps) {
    this.#deps = deps;
  }

  receive(datagram: Uint8Array, address: number, port: number): void {
    // Port 0 cannot be answered; the kernel hands such datagrams on all the same.
    if (port === 0) return;
    let packet: TftpPacket;
    try {
      packet = decodeTftp(datagram);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.#rubbish(datagram, error, address, port);
    }
    if (packet.kind === 'read') return void this.#read(packet, address, port);
    if (packet.kind === 'write') return this.#refuseWrite(packet, address, port);
    // Boards that give a file up after 30 s say so here instead of at the port of the transfer.
    const transfer = packet.kind === 'error' ? this.#deps.peers.find(address, port)?.transfer : undefined;
    if (packet.kind === 'error' && transfer !== undefined) this.#deps.engine.error(transfer, packet);
  }

  ended(transfer: FileTransfer): void {
    this.#halfOpen.delete(transfer);
  }

  async #read(request: TftpRequest, address: number, port: number): Promise<void> {
    const { engine, peers, counters } = this.#deps;
    counters.requests++;
    const before = peers.find(address, port)?.transfer;
    // The same request from the same port while its transfer runs was sent twice, and its OACK comes again by itself.
    // A Pi 3 begins with the same port at every power-on: what has stalled there belongs to its last one.
    if (before?.path === request.path && !before.isStalled) return;
    if (before !== undefined) engine.end(before, { outcome: 'replaced' });
    const transfer = this.#place(request.path, address, port);
    if (transfer === undefined) return;
    this.#lookups++;
    try {
      await this.#answer(request, transfer);
    } catch (error) {
      counters.failed++;
      this.#refuse(transfer, tftpErrorCode.other, 'this file cannot be read now; see the log of the server');
      this.#deps.log.warn('tftp.failed', { ...told(transfer), reason: explainShort(error) });
    } finally {
      this.#lookups--;
    }
  }

  async #answer(request: TftpRequest, transfer: FileTransfer): Promise<void> {
    const { counters, log } = this.#deps;
    const { path, address, peer } = transfer;
    if (!modes.has(request.mode)) {
      counters.refused++;
      return this.#refuse(
        transfer,
        tftpErrorCode.other,
        `mode ${request.mode} is not served; ask in mode octet (binary)`,
      );
    }
    const content = await this.#deps.find(path, { address, port: peer.port });
    switch (content.kind) {
      case 'missing':
        return this.#tellMissing(transfer, content.reason);
      case 'refused':
        counters.refused++;
        log.warn('tftp.refused', { ...told(transfer), reason: content.reason });
        return this.#refuse(transfer, tftpErrorCode.accessViolation, content.reason);
      case 'bytes':
      case 'file':
        return this.#send(request, transfer, content);
    }
  }

  async #send(request: TftpRequest, transfer: FileTransfer, content: Servable): Promise<void> {
    const { limits, counters, engine } = this.#deps;
    const mode: TransferMode = request.mode === 'netascii' ? 'netascii' : 'octet';
    const blockSizeBytes = negotiateBlockSize(request.options, limits.maxBlockSizeBytes);
    const source = await this.#sourceOf(content, { blockSizeBytes, mode });
    // While the file was looked up, the board may have asked for another one, or the server been stopped.
    if (transfer.isOver) return source.close();
    const sending = this.#sendingOf(request, transfer.address, source);
    counters.transfers++;
    engine.start(transfer, sending);
  }

  #sendingOf(request: TftpRequest, address: Ipv4Address, source: BlockSource): Sending {
    const { limits, floorMs } = this.#deps;
    const { sizeBytes } = source;
    const options = negotiate(request.options, { sizeBytes, maxBlockSizeBytes: limits.maxBlockSizeBytes });
    const floor = floorMs?.(address) ?? limits.resendFloorMs;
    const { timeoutMs, accepted } = options;
    const side = new SendingSide({ ...options, sizeBytes, hasOptions: accepted.size > 0 });
    const oack = encodeTftp({ kind: 'option-ack', options: accepted });
    return new Sending({ ...options, side, source, oack, timeoutMs: timeoutMs ?? 0, floorMs: floor });
  }

  #sourceOf(
    content: Servable,
    cut: { readonly blockSizeBytes: number; readonly mode: TransferMode },
  ): BlockSource | Promise<BlockSource> {
    if (content.kind === 'file') return this.#deps.files.open(content, cut);
    return blocksOfBytes(bytesToSend(content.bytes, cut.mode), cut.blockSizeBytes, this.#deps.datagrams);
  }

  /**
   * Silence instead of an ERROR where no place is left: firmware takes an ERROR for a missing file and boots without it,
   * but asks again. Requests that nobody goes on with must not keep out those that somebody does.
   */
  #place(path: string, address: number, port: number): FileTransfer | undefined {
    const { limits, peers, clients, engine, counters, log, watch } = this.#deps;
    const nowMs = performance.now();
    const client = clients.at(address, () => ipv4FromNumber(address), nowMs);
    watch?.asked(client.address);
    const hasRoom =
      this.#lookups < limits.lookups &&
      (client.transfers.length < limits.transfersPerClient || this.#giveUp(client.transfers)) &&
      (engine.running.length < limits.transfers || this.#giveUp(this.#halfOpen));
    if (!hasRoom) {
      counters.waiting++;
      const running = engine.running.length;
      log.warn('tftp.waiting', { address: client.address, path, running, ofClient: client.transfers.length });
      return undefined;
    }
    const transfer = new FileTransfer(
      peers.find(address, port) ?? peers.add(address, port),
      client.address,
      path,
      nowMs,
    );
    client.transfers.push(transfer);
    this.#halfOpen.add(transfer);
    engine.add(transfer);
    return transfer;
  }

  /** @returns whether one of these had confirmed nothing, and has ended for it */
  #giveUp(transfers: Iterable<FileTransfer>): boolean {
    for (const transfer of transfers) {
      if (transfer.sending === undefined) continue;
      if (transfer.isHalfOpen) {
        this.#deps.engine.end(transfer, { outcome: 'replaced' });
        return true;
      }
      this.#halfOpen.delete(transfer);
    }
    return false;
  }

  #tellMissing(transfer: FileTransfer, reason: string): void {
    const client = this.#deps.clients.of(transfer);
    this.#deps.counters.missing++;
    if (client !== undefined) {
      client.missing++;
      client.lastMissing = transfer.path;
    }
    this.#refuse(transfer, tftpErrorCode.notFound, `not found: ${reason}`);
  }

  #refuseWrite({ path }: TftpRequest, address: number, port: number): void {
    this.#deps.counters.refused++;
    this.#error(address, port, tftpErrorCode.accessViolation, 'this server is read-only');
    const reason = 'a write; TFTP is read-only here';
    this.#deps.log.warn('tftp.refused', { peer: `${ipv4FromNumber(address)}:${port}`, path, reason });
  }

  #rubbish(datagram: Uint8Array, { message }: WireError, address: number, port: number): void {
    this.#deps.counters.rubbish++;
    if (isTftpRequest(datagram)) this.#error(address, port, tftpErrorCode.illegalOperation, message);
    this.#deps.log.warn('tftp.ignored', { peer: `${ipv4FromNumber(address)}:${port}`, reason: message });
  }

  /** Ends a transfer before it has begun. */
  #refuse(transfer: FileTransfer, code: number, message: string): void {
    if (transfer.isOver) return;
    this.#deps.engine.end(transfer, { outcome: 'failed' });
    this.#error(transfer.peer.address, transfer.peer.port, code, message);
  }

  #error(address: number, port: number, code: number, message: string): void {
    this.#deps.refusals.sendCopy(encodeTftp({ kind: 'error', code, message }), address, port);
  }
}

function told({ address, peer, path }: FileTransfer): { peer: string; path: string } {
  return { peer: `${address}:${peer.port}`, path };
}
