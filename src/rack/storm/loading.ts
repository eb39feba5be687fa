/** The files of one stage, one after the other: which is asked for next, and is what came what it should be? */
import type { FileAnswer, FirmwareFiles, FirmwareResult } from '../firmware-files.ts';
import { withFileTimeout } from '../loaders.ts';
import { TftpFetch } from '../tftp-fetch.ts';
import { FileCheck, type BootContents } from './contents.ts';
import type { BoardRecord } from './record.ts';

export interface LoadingOptions {
  readonly contents: BootContents;
  readonly record: BoardRecord;
  /** Every loader gives up a file 30 s after its RRQ, not only those of which it is known. */
  readonly isStrict: boolean;
}

export class Loading {
  readonly #files: FirmwareFiles;
  readonly #options: LoadingOptions;
  #check: FileCheck | undefined;
  /** Each file is asked for from the next one. */
  sourcePort: number;
  /** Of the server, once it has answered; 0 before. */
  transferPort = 0;
  fetch: TftpFetch | undefined;

  constructor(files: FirmwareFiles, firstPort: number, options: LoadingOptions) {
    this.#files = files;
    this.#options = options;
    this.sourcePort = firstPort - 1;
  }

  /** Asks for the next file. @returns how the stage ended when there is none */
  next(nowMs: number, answer?: FileAnswer): FirmwareResult | undefined {
    const step = this.#files.next(answer);
    if (step.done === true) return step.value;
    const { client } = step.value;
    const { record, contents, isStrict } = this.#options;
    const check = new FileCheck(step.value.path, contents);
    this.#check = check;
    this.sourcePort += 1;
    this.transferPort = 0;
    this.fetch = new TftpFetch(
      step.value,
      isStrict ? withFileTimeout(client) : client,
      nowMs,
      (bytes, start, length, at) => {
        check.take(bytes, start, length, at);
        record.blocks += 1;
        record.bytes += length;
      },
    );
    return undefined;
  }

  /** The file at hand has ended: what now? */
  finish(nowMs: number): FirmwareResult | undefined {
    const result = this.fetch?.result;
    if (result?.kind === 'late') return { kind: 'stuck', reason: result.reason };
    if (result?.kind === 'loaded') return this.#loaded(nowMs);
    return this.next(nowMs, result?.kind === 'exists' ? new Uint8Array() : undefined);
  }

  #loaded(nowMs: number): FirmwareResult | undefined {
    const check = this.#check;
    const { record, contents } = this.#options;
    const problem = check?.problem();
    if (problem !== undefined) {
      record.differences.push(problem);
      return { kind: 'stuck', reason: problem };
    }
    record.firstFileMs ??= nowMs - record.powerOnMs;
    if (check !== undefined && contents.kernels.has(check.name)) record.kernelMs ??= nowMs - record.powerOnMs;
    return this.next(nowMs, check?.answer());
  }
}
