/** What each address has asked for lately: its share of the places, and one line of log for each of its boots. */
import type { Ipv4Address } from '../model/ipv4.ts';
import type { TftpLog } from './tftp-log.ts';
import type { FileTransfer, TransferEnd } from './tftp-transfer.ts';

/** Firmware takes some seconds from one stage to the next; it has its last file when it asks for no more. */
const quietMs = 10_000;

/** More than boards of a large cluster; others are forgotten without a line. */
const mostClients = 4096;

export class TftpClient {
  readonly address: Ipv4Address;
  readonly startedAtMs: number;
  readonly transfers: FileTransfer[] = [];
  seenAtMs: number;
  files = 0;
  bytes = 0;
  resends = 0;
  probes = 0;
  missing = 0;
  lastMissing = '';

  constructor(address: Ipv4Address, nowMs: number) {
    this.address = address;
    this.startedAtMs = nowMs;
    this.seenAtMs = nowMs;
  }
}

export class TftpClients {
  readonly #clients = new Map<number, TftpClient>();
  readonly #log: TftpLog;

  constructor(log: TftpLog) {
    this.#log = log;
  }

  at(address: number, text: () => Ipv4Address, nowMs: number): TftpClient {
    const known = this.#clients.get(address);
    if (known !== undefined) {
      known.seenAtMs = nowMs;
      return known;
    }
    if (this.#clients.size >= mostClients) this.#forgetOne();
    const client = new TftpClient(text(), nowMs);
    this.#clients.set(address, client);
    return client;
  }

  of(transfer: FileTransfer): TftpClient | undefined {
    return this.#clients.get(transfer.peer.address);
  }

  ended(transfer: FileTransfer, { outcome }: TransferEnd, facts: { bytes: number; nowMs: number }): void {
    const client = this.of(transfer);
    if (client === undefined) return;
    const place = client.transfers.indexOf(transfer);
    if (place !== -1) client.transfers.splice(place, 1);
    client.seenAtMs = facts.nowMs;
    client.resends += transfer.resends;
    if (outcome === 'probed') client.probes++;
    if (outcome !== 'complete') return;
    client.files++;
    client.bytes += facts.bytes;
  }

  /** Tells of those that ask for no more, and forgets them. */
  tidy(nowMs: number): void {
    for (const [address, client] of this.#clients) {
      if (client.transfers.length > 0 || nowMs - client.seenAtMs < quietMs) continue;
      this.#clients.delete(address);
      this.#log.served(client);
    }
  }

  tellAll(): void {
    for (const client of this.#clients.values()) this.#log.served(client);
    this.#clients.clear();
  }

  #forgetOne(): void {
    for (const [address, client] of this.#clients) {
      if (client.transfers.length > 0) continue;
      this.#clients.delete(address);
      return;
    }
  }
}
