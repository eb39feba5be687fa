/** For which machine is a program? */
import { closeSync, openSync, readSync } from 'node:fs';

const machines = { arm64: 183, amd64: 62 } as const;
export type ElfMachine = keyof typeof machines;

const headBytes = 20;

/** @returns undefined for what is no 64-bit program or library of a machine that we know */
export function machineOfElf(head: Uint8Array): ElfMachine | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < headBytes || bytes.readUInt32BE(0) !== 0x7f_45_4c_46 || bytes[4] !== 2) return undefined;
  const machine = bytes.readUInt16LE(18);
  return (Object.keys(machines) as ElfMachine[]).find((name) => machines[name] === machine);
}

/** Synchronous: a tree has 16,000 files, and a promise for each costs more than the read. */
export function readElfMachine(file: string): ElfMachine | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(headBytes);
    return machineOfElf(head.subarray(0, readSync(descriptor, head, 0, headBytes, 0)));
  } finally {
    closeSync(descriptor);
  }
}
