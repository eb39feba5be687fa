/** The addon as JavaScript sees it: addon.c has the same list in C. Numbers name ports and memory. */
import { createRequire } from 'node:module';
import path from 'node:path';

import { HostError } from '../../model/errors.ts';

interface Addon {
  readonly version: number;
  begin(): Native;
}

/** One instance: its memory is nobody else's. */
export interface Native {
  /** Where datagrams come in: valid until the callback returns. */
  readonly slab: ArrayBuffer;
  /** Words of arrivalWords for each of them. */
  readonly arrivals: ArrayBuffer;
  /** Words of outboxWords for each datagram that flush sends. */
  readonly outbox: ArrayBuffer;
  /** @returns the port's number, or -errno. @param fd -1: open a socket */
  openPort(
    fd: number,
    address: number,
    port: number,
    device: string,
    receiveBufferBytes: number,
    flags: number,
    received: Received,
  ): number;
  openPacket(device: string, protocol: number, receiveBufferBytes: number, received: Received): number;
  setSource(port: number, address: number): void;
  /** @returns 0, or -errno */
  setLink(port: number, device: string): number;
  gather(port: number, microseconds: number): void;
  localPort(port: number): number;
  closePort(port: number): void;
  interfaceIndex(device: string): number;
  allocate(length: number): readonly [memory: number, bytes: ArrayBuffer];
  release(memory: number, bytes: ArrayBufferLike): void;
  /** @returns 0, or errno * 2 ** 20 + port of a datagram that was lost */
  flush(count: number): number;
}

/** @param count how many datagrams lie in the slab, or -errno when the port is of no use any more */
type Received = (count: number) => void;

/** As in datagram.h. */
const interfaceVersion = 3;
export const outboxItems = 1024;
export const outboxWords = 8;
export const arrivalWords = 6;
export const portFlags = { arrival: 1, broadcast: 2 } as const;

/** Of the project, whether this runs from src/ or from dist/. */
const root = path.resolve(import.meta.dirname, '../../..');

/** What npm's install script compiled or copied there (build.sh). */
function nativeFile(): string {
  return path.join(root, 'dist/native', `${process.platform}-${process.arch}`, 'datagram.node');
}

/** @throws HostError when it was not built, or not for this Node or this version of pi-image */
export function loadNative(file: string = nativeFile()): Native {
  const again = 'Run "npm run install" in the folder of pi-image: it says what is missing.';
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    throw new HostError(`cannot load ${file}`, { cause: error, hint: again });
  }
  if (addon.version === interfaceVersion) return addon.begin();
  throw new HostError(`${file} is of another version of pi-image`, { hint: again });
}
