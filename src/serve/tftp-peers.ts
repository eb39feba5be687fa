/** Who is at an address and port: its transfer, and for a while after it which of our ports it was served from. */
import type { FileTransfer } from './tftp-transfer.ts';

/** An ACK that the network held back is no longer under way after this time. */
const rememberMs = 60_000;

/** Half a minute of boards that boot as fast as the wire carries them. */
const mostRemembered = 16_384;

export class TftpPeer {
  readonly address: number;
  readonly port: number;
  transfer: FileTransfer | undefined = undefined;
  /** The reply port of its transfer, or of its last one; -1 before the first. */
  replyIndex = -1;
  endedAtMs = 0;
  /** The next one of the same hash. */
  next: TftpPeer | undefined = undefined;

  constructor(address: number, port: number) {
    this.address = address;
    this.port = port;
  }
}

export class TftpPeers {
  /** By a hash that is a small integer, so that a lookup allocates nothing. */
  readonly #peers = new Map<number, TftpPeer>();
  /** Without a transfer, in the order in which theirs ended. */
  readonly #ended = new Set<TftpPeer>();

  find(address: number, port: number): TftpPeer | undefined {
    let peer = this.#peers.get(hashOf(address, port));
    while (peer !== undefined && (peer.port !== port || peer.address !== address)) peer = peer.next;
    return peer;
  }

  add(address: number, port: number): TftpPeer {
    const hash = hashOf(address, port);
    const peer = new TftpPeer(address, port);
    peer.next = this.#peers.get(hash);
    this.#peers.set(hash, peer);
    return peer;
  }

  began(peer: TftpPeer, transfer: FileTransfer): void {
    this.#ended.delete(peer);
    peer.transfer = transfer;
  }

  /** One that was never sent anything is forgotten at once. */
  ended(peer: TftpPeer, nowMs: number): void {
    peer.transfer = undefined;
    peer.endedAtMs = nowMs;
    if (peer.replyIndex === -1) return this.#forget(peer);
    this.#ended.add(peer);
    this.tidy(nowMs);
  }

  tidy(nowMs: number): void {
    for (const peer of this.#ended) {
      if (this.#ended.size <= mostRemembered && nowMs - peer.endedAtMs < rememberMs) return;
      this.#ended.delete(peer);
      this.#forget(peer);
    }
  }

  #forget(peer: TftpPeer): void {
    const hash = hashOf(peer.address, peer.port);
    let before = this.#peers.get(hash);
    if (before === peer) {
      if (peer.next === undefined) this.#peers.delete(hash);
      else this.#peers.set(hash, peer.next);
      return;
    }
    while (before !== undefined && before.next !== peer) before = before.next;
    if (before !== undefined) before.next = peer.next;
  }
}

function hashOf(address: number, port: number): number {
  return Math.imul(address, 0x85eb_ca6b) ^ Math.imul(port, 0x9e37_79b1);
}
