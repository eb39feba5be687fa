/** Which of the options a client asked for hold, and with what value: RFC 2347, 2348, 2349 and 7440. */

/** RFC 1350 §2 */
const defaultBlockSizeBytes = 512;

/** Ethernet's 1500 less 20 (IP), 8 (UDP) and 4 (TFTP): a block never becomes two fragments. */
export const ethernetBlockSizeBytes = 1468;

export interface TransferOptions {
  readonly blockSizeBytes: number;
  /** Blocks sent before an ACK is awaited. */
  readonly windowSize: number;
  /** Resend after this time; undefined leaves it to the server. */
  readonly timeoutMs: number | undefined;
  /** For the OACK; empty when no option holds, and then there is no OACK. */
  readonly accepted: ReadonlyMap<string, string>;
}

/** RFC 2348 §2 */
const blockSizeRange = [8, 65_464] as const;
/** RFC 2349 §3 ends at 255; ours, so that a silent client does not hold its place for 20 minutes. */
const timeoutSecondsRange = [1, 30] as const;
/** RFC 7440 §3 */
const windowSizeRange = [1, 65_535] as const;
/** Ours: 64 blocks of 1468 bytes are 94 kB in flight, more than a switch port's buffer share. */
const maxWindowSize = 64;

/** An option that is unknown or out of its range is left out of the answer, as RFC 2347 wants it. */
export function negotiate(
  asked: ReadonlyMap<string, string>,
  file: { readonly sizeBytes: number; readonly maxBlockSizeBytes: number },
): TransferOptions {
  const blockSizeBytes = askedBlockSize(asked, file.maxBlockSizeBytes);
  const timeoutSeconds = within(asked.get('timeout'), timeoutSecondsRange);
  const window = within(asked.get('windowsize'), windowSizeRange);
  const windowSize = window === undefined ? undefined : Math.min(window, maxWindowSize);
  const values: Readonly<Record<string, number | undefined>> = {
    blksize: blockSizeBytes,
    timeout: timeoutSeconds,
    tsize: asked.has('tsize') ? file.sizeBytes : undefined,
    windowsize: windowSize,
  };
  const accepted = new Map<string, string>();
  for (const name of asked.keys()) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) accepted.set(name, String(value));
  }
  // curl takes a size of 0 for a broken OACK. A Pi 3, whose only option it is, gets it.
  if (file.sizeBytes === 0 && accepted.size > 1) accepted.delete('tsize');
  return {
    blockSizeBytes: blockSizeBytes ?? defaultBlockSizeBytes,
    windowSize: windowSize ?? 1,
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    accepted,
  };
}

/** Needed before the size of a file is known: that of a text in netascii is counted block by block. */
export function negotiateBlockSize(asked: ReadonlyMap<string, string>, maxBlockSizeBytes: number): number {
  return askedBlockSize(asked, maxBlockSizeBytes) ?? defaultBlockSizeBytes;
}

function askedBlockSize(asked: ReadonlyMap<string, string>, maxBlockSizeBytes: number): number | undefined {
  const blockSize = within(asked.get('blksize'), blockSizeRange);
  return blockSize === undefined ? undefined : Math.min(blockSize, maxBlockSizeBytes);
}

function within(text: string | undefined, [low, high]: readonly [number, number]): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}
