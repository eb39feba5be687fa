/** How the loader of a Pi 4 or 5 boots over HTTP: boot.sig, then boot.img, verified before anything of it is used. */
import { createHash, verify } from 'node:crypto';

import { WireError } from '../model/errors.ts';
import type { RackBoard } from '../model/rack-spec.ts';
import { decodeBootSig } from '../wire/boot-sig.ts';
import { readFat } from '../wire/fat.ts';
import type { BoardIdentity } from './eeprom.ts';
import type { Emit } from './firmware-event.ts';
import { firmwareStages, type FileAnswer, type FirmwareResult } from './firmware-files.ts';
import { fetchHttp } from './http-fetch.ts';

/** Of the board's EEPROM: HTTP_HOST, HTTP_PORT and HTTP_PATH as one URL, and the owner's public key. */
export interface HttpSettings {
  readonly url: string;
  readonly publicPem: string;
}

export interface HttpBootOptions {
  readonly who: BoardIdentity;
  readonly http: HttpSettings;
  readonly emit: Emit;
  readonly keep: (path: string, bytes: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

/** The first EEPROM that has boot mode 7 (release notes of rpi-eeprom). */
const firstEeprom = '2022-03-10';

/** What the loader takes for a RAM disk: 128 MiB on a Pi 4 since that EEPROM, 160 MB on a Pi 5. A Pi 3 has no such mode. */
const largestBytes: Readonly<Record<RackBoard, number>> = { pi3: 0, pi4: 128 * 1024 * 1024, pi5: 160_000_000 };

export async function bootOverHttp(options: HttpBootOptions): Promise<FirmwareResult> {
  const { who, http } = options;
  if (who.board === 'pi3' || who.eeprom < firstEeprom) return stuck('this loader cannot boot over HTTP');
  const sig = await timedFetch('boot.sig', options);
  if (sig === undefined) return stuck('there is no boot.sig');
  const image = await timedFetch('boot.img', options);
  if (image === undefined) return stuck('there is no boot.img');
  if (image.byteLength > largestBytes[who.board]) return stuck(`boot.img has ${image.byteLength} bytes, too many`);
  try {
    const why = whyNotTrusted(image, Buffer.from(sig).toString('latin1'), http.publicPem);
    return why === undefined ? startFrom(image, options) : stuck(why);
  } catch (error) {
    if (error instanceof WireError) return stuck(error.message);
    throw error;
  }
}

/** A sentence; undefined when the owner's key has signed these bytes. */
function whyNotTrusted(image: Uint8Array, text: string, publicPem: string): string | undefined {
  const { sha256, rsa2048 } = decodeBootSig(text);
  if (createHash('sha256').update(image).digest('hex') !== sha256) return 'boot.img is not what boot.sig describes';
  if (rsa2048 === undefined) return 'boot.sig is not signed';
  const isSigned = verify('sha256', image, publicPem, Buffer.from(rsa2048, 'hex'));
  return isSigned ? undefined : 'boot.sig was not signed with the key in this EEPROM';
}

/** From here on boot.img is the boot folder; names have no prefix in it, and FAT knows no case. */
function startFrom(image: Uint8Array, { who, emit }: HttpBootOptions): FirmwareResult {
  const files = new Map([...readFat(image)].map(([path, bytes]) => [path.toLowerCase(), bytes]));
  const [begin] = firmwareStages(who);
  if (begin === undefined) return stuck('this loader reads no files');
  const asked = begin();
  let answer: FileAnswer;
  for (;;) {
    const step = asked.next(answer);
    if (step.done === true) {
      if (step.value.kind === 'start') emit({ event: 'start', files: 2, bytes: image.byteLength });
      return step.value;
    }
    answer = files.get(step.value.path.toLowerCase());
  }
}

async function timedFetch(name: string, options: HttpBootOptions): Promise<Uint8Array | undefined> {
  const { who, http, emit, keep, signal } = options;
  const startedMs = performance.now();
  const result = await fetchHttp({ url: `${http.url}/${name}`, agent: userAgent(who), signal });
  const bytes = result.kind === 'loaded' ? result.bytes : undefined;
  emit({
    event: 'file',
    path: name,
    outcome: result.kind,
    bytes: bytes?.byteLength ?? 0,
    durationMs: Math.round(performance.now() - startedMs),
    ...(result.kind === 'missing' && { reason: result.reason }),
  });
  if (bytes !== undefined) await keep(name, bytes);
  return bytes;
}

/** As a public log shows it: `rpiboot/1.0 (d03114; version:507b2360 …)`. */
function userAgent({ revision, eeprom }: BoardIdentity): string {
  return `rpiboot/1.0 (${(revision & 0xffffff).toString(16)}; version:${eeprom})`;
}

function stuck(reason: string): FirmwareResult {
  return { kind: 'stuck', reason };
}
