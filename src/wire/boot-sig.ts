/**
 * boot.sig, the signature beside boot.img: the text that Raspberry Pi's rpi-eeprom-digest writes and the loader in the
 * EEPROM of a Pi 4 or 5 reads. Digest first, then the time, then the RSA signature over the whole file.
 */
import { WireError } from '../model/errors.ts';

export interface BootSig {
  /** 64 hex digits. */
  readonly sha256: string;
  /** Unix time. Loaders compare it for updates of themselves, not for boot.img. */
  readonly timestampSeconds: number;
  /** RSA-2048, PKCS #1 v1.5 over SHA-256, as 512 hex digits; undefined: a digest only. */
  readonly rsa2048: string | undefined;
}

const digestForm = /^[0-9a-f]{64}$/;
const timeForm = /^\d{1,15}$/;
const signatureForm = /^[0-9a-f]{512}$/;

export function encodeBootSig({ sha256, timestampSeconds, rsa2048 }: BootSig): string {
  const lines = [sha256, `ts: ${timestampSeconds}`, ...(rsa2048 === undefined ? [] : [`rsa2048: ${rsa2048}`])];
  return `${lines.join('\n')}\n`;
}

/** pieeprom.sig, beside an update of the loader itself: no signature, and the chip, so that the wrong one refuses it. */
export function encodeEepromSig(sig: Omit<BootSig, 'rsa2048'> & { readonly chip: string }): string {
  return `${sig.sha256}\nts: ${sig.timestampSeconds}\ntarget-soc: ${sig.chip}\n`;
}

/** Lines with other names are passed over, as the loader does: `target-soc` is one of them. */
export function decodeBootSig(text: string): BootSig {
  const [sha256 = '', ...lines] = text.split('\n');
  const fields = new Map(lines.map(splitLine).filter(([name]) => name !== ''));
  const time = fields.get('ts') ?? '';
  const rsa2048 = fields.get('rsa2048');
  if (!digestForm.test(sha256)) throw new WireError('boot.sig does not begin with a SHA-256 digest');
  if (!timeForm.test(time)) throw new WireError('boot.sig has no time (ts:)');
  if (rsa2048 !== undefined && !signatureForm.test(rsa2048)) {
    throw new WireError('boot.sig has a signature (rsa2048:) that is not 512 hex digits');
  }
  return { sha256, timestampSeconds: Number(time), rsa2048 };
}

function splitLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(': ');
  return colon < 0 ? ['', ''] : [line.slice(0, colon), line.slice(colon + 2)];
}
