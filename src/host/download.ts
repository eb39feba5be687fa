/**
 * One file over HTTP, whose sha256 is known before. Whoever reads it has its bytes as they come, so that unpacking needs
 * no second pass; the file is kept under its digest when all of it was right. What breaks is resumed where it broke, in
 * this process and in the next.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';
import { isZero } from './sparse.ts';

export interface DownloadRequest {
  readonly url: string;
  readonly sha256: string;
  /** Where it is kept: `<folder>/<sha256>`. */
  readonly folder: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called now and then. The total is unknown where the server does not say it. */
  readonly onBytes?: (done: number, total: number | undefined) => void;
  readonly signal: AbortSignal;
  /** Before the first further attempt; each next one waits longer. 500 unless given. */
  readonly pauseMs?: number;
}

/** How often a broken connection is tried again without a single byte in between. */
const attempts = 5;
const usualPauseMs = 500;
/** Request timeout, too many requests. */
const tooBusy: ReadonlySet<number> = new Set([408, 429]);
/** A server that says nothing for so long is as good as gone. */
const silenceMs = 60_000;

/** Where a download lies when it is complete. */
export function downloadedFile({ folder, sha256 }: Pick<DownloadRequest, 'folder' | 'sha256'>): string {
  return path.join(folder, sha256);
}

export async function isDownloaded(request: Pick<DownloadRequest, 'folder' | 'sha256'>): Promise<boolean> {
  return (await stat(downloadedFile(request)).catch(() => undefined))?.isFile() === true;
}

/** @returns the file */
export async function download(request: DownloadRequest): Promise<string> {
  if (!(await isDownloaded(request))) for await (const _ of downloadStream(request)) request.signal.throwIfAborted();
  return downloadedFile(request);
}

/** All bytes from the first on; it ends only when they were the right ones, and throws otherwise. */
export async function* downloadStream(request: DownloadRequest): AsyncGenerator<Uint8Array> {
  await mkdir(request.folder, { recursive: true });
  const torso = await openTorso(request);
  try {
    yield* torso.readBack();
    let failures = 0;
    while (!torso.isComplete()) {
      const before = torso.size;
      try {
        yield* torso.fetchRest();
      } catch (error) {
        failures = torso.size > before ? 1 : failures + 1;
        if (request.signal.aborted || !isBroken(error) || failures >= attempts) throw explain(error, request);
        await sleep((request.pauseMs ?? usualPauseMs) * failures, undefined, { signal: request.signal });
      }
    }
    await torso.keep();
  } finally {
    await torso.close();
  }
}

/** Thrown for what another attempt may mend. */
class BrokenError extends Error {}

function isBroken(error: unknown): boolean {
  // fetch and its bodies throw TypeErrors when a connection breaks.
  return error instanceof BrokenError || error instanceof TypeError;
}

function explain(error: unknown, { url, signal }: DownloadRequest): unknown {
  if (signal.aborted || error instanceof HostError) return error;
  const { cause } = error as Error;
  return new HostError(`cannot download ${url}`, {
    cause: cause instanceof Error ? cause : error,
    hint: 'What has arrived is kept: run it again, and it goes on from there.',
  });
}

async function openTorso(request: DownloadRequest): Promise<Torso> {
  const file = `${downloadedFile(request)}.part`;
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o644);
  const { size } = await handle.stat();
  const etag = await readFile(`${file}.etag`, 'utf8').catch(() => undefined);
  return new Torso(request, { file, handle, kept: size, etag });
}

interface Opened {
  readonly file: string;
  readonly handle: FileHandle;
  /** Bytes of an earlier process. */
  readonly kept: number;
  readonly etag: string | undefined;
}

/** Its signal aborts when nothing was heard for long. */
function watchSilence() {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new BrokenError(`nothing came for ${silenceMs / 1000} s`)),
    silenceMs,
  );
  return { signal: controller.signal, heard: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}

/** @returns how many bytes of the answer are there already, and how many the whole has */
function readAnswer(
  { status, headers }: Response,
  size: number,
  url: string,
): { readonly skip: number; readonly total: number | undefined } {
  if (status === 206) {
    const [, first = '', total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(first) !== size) throw new BrokenError('the server sent another range than it was asked for');
    return { skip: 0, total: total === undefined || total === '*' ? undefined : Number(total) };
  }
  // From its beginning, though only the rest was asked for: if it is another file by now, its digest says so.
  const length = headers.get('content-length');
  if (status === 200) return { skip: size, total: length === null ? undefined : Number(length) };
  if (status >= 500 || tooBusy.has(status)) throw new BrokenError(`the server answered ${status}`);
  throw new HostError(`cannot download ${url}: the server answered ${status}`, { hint: 'Look at the address.' });
}

/** The part that is there so far, on disk and as a running digest. */
class Torso {
  readonly #request: DownloadRequest;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #kept: number;
  readonly #hash: Hash = createHash('sha256');
  #etag: string | undefined;
  #total: number | undefined;
  size = 0;

  constructor(request: DownloadRequest, { file, handle, kept, etag }: Opened) {
    this.#request = request;
    this.#file = file;
    this.#handle = handle;
    this.#kept = kept;
    this.#etag = etag;
  }

  isComplete(): boolean {
    return this.#total !== undefined && this.size >= this.#total;
  }

  async *readBack(): AsyncGenerator<Uint8Array> {
    if (this.#kept === 0) return;
    for await (const chunk of createReadStream(this.#file, { end: this.#kept - 1, highWaterMark: 1 << 20 })) {
      yield this.#take(chunk as Buffer);
    }
  }

  async *fetchRest(): AsyncGenerator<Uint8Array> {
    const silence = watchSilence();
    try {
      yield* this.#readAnswer(await this.#ask(silence.signal), silence.heard);
    } finally {
      silence.stop();
    }
    if (this.#total === undefined) this.#total = this.size;
    if (this.size < this.#total)
      throw new BrokenError(`the connection ended after ${this.size} of ${this.#total} bytes`);
  }

  async *#readAnswer(response: Response, heard: () => void): AsyncGenerator<Uint8Array> {
    // Nothing is left of it: the part was all of it, and the size was not known.
    if (response.status === 416 && this.size > 0) {
      this.#total = this.size;
      await response.body?.cancel();
      return;
    }
    const answer = readAnswer(response, this.size, this.#request.url);
    if (answer.total !== undefined) this.#total = answer.total;
    let { skip } = answer;
    await this.#keepTag(response.headers.get('etag'));
    if (response.body === null) throw new BrokenError('the answer has no body');
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      heard();
      const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - fresh.byteLength;
      if (fresh.byteLength === 0) continue;
      await this.#write(fresh);
      yield this.#take(fresh);
    }
  }

  #ask(silence: AbortSignal): Promise<Response> {
    const { url, headers, signal } = this.#request;
    const range = this.size === 0 ? {} : { range: `bytes=${this.size}-` };
    const unchanged = this.size > 0 && this.#etag !== undefined ? { 'if-range': this.#etag } : {};
    return fetch(url, {
      // A server that packs what is packed would count other bytes.
      headers: { 'accept-encoding': 'identity', ...headers, ...range, ...unchanged },
      signal: AbortSignal.any([signal, silence]),
    });
  }

  /** Only a strong one says that bytes are the same (RFC 9110 §13.1.5). */
  async #keepTag(etag: string | null): Promise<void> {
    if (etag === null || etag.startsWith('W/') || etag === this.#etag) return;
    this.#etag = etag;
    await writeFile(`${this.#file}.etag`, etag);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (isZero(bytes)) return this.#handle.truncate(this.size + bytes.byteLength);
    // On a disk that is nearly full a write takes a part, and only the next one fails.
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done, this.size + done);
      done += bytesWritten;
    }
  }

  #take(bytes: Uint8Array): Uint8Array {
    this.#hash.update(bytes);
    this.size += bytes.byteLength;
    this.#request.onBytes?.(this.size, this.#total);
    return bytes;
  }

  async keep(): Promise<void> {
    const { sha256, url } = this.#request;
    const found = this.#hash.digest('hex');
    if (found !== sha256) {
      await this.#discard();
      throw new HostError(`${url} is not what it should be: its sha256 is ${found}, and ${sha256} is wanted`, {
        hint: 'Run it again; if it says the same, look at the address and at the sha256.',
      });
    }
    await this.#handle.sync();
    // First the tag: whoever finds the file asks for nothing more, and would leave it there for ever.
    await rm(`${this.#file}.etag`, { force: true });
    await rename(this.#file, downloadedFile(this.#request));
  }

  async #discard(): Promise<void> {
    await rm(this.#file, { force: true });
    await rm(`${this.#file}.etag`, { force: true });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
