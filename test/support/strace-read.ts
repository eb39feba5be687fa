/** What strace wrote, as calls in the order in which they were made and came back. Knows the output of `recordedTo` only. */

export interface Call {
  readonly name: string;
  /** What its first descriptor is: a path, `UDP:[…]`, `TCP:[…]`, `UNIX-STREAM:[…]`. */
  readonly on: string;
  /** All that it was given to write or send. */
  readonly content: Buffer;
  /** Places in the record: a call that another thread ran into has returned later than it was made. */
  readonly madeAt: number;
  readonly returnedAt: number;
  /** undefined when it never returned. */
  readonly result: number | undefined;
}

export function readTrace(text: string): Call[] {
  const calls: Call[] = [];
  /** Thread -> its call that another thread's came into. */
  const open = new Map<string, { readonly index: number; readonly begun: string; readonly madeAt: number }>();
  for (const [place, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const end = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const before = end === undefined ? undefined : open.get(thread);
    if (before !== undefined) calls[before.index] = parseCall(`${before.begun}${end}`, before.madeAt, place);
    if (!/^\w+\(/.test(rest)) continue;
    const [begun = ''] = rest.split(' <unfinished ...>');
    open.set(thread, { index: calls.length, begun, madeAt: place });
    calls.push(parseCall(begun, place, place));
  }
  return calls;
}

function parseCall(text: string, madeAt: number, returnedAt: number): Call {
  const result = /\) += (-?\d+)/.exec(text)?.[1];
  return {
    name: /^\w+/.exec(text)?.[0] ?? '',
    on: fromHex(/^\w+\(\d+<(.*?)>[,)]/.exec(text)?.[1] ?? ''),
    content: Buffer.from(
      [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => fromHex(hex ?? '')).join(''),
      'latin1',
    ),
    madeAt,
    returnedAt: result === undefined ? Number.POSITIVE_INFINITY : returnedAt,
    result: result === undefined ? undefined : Number(result),
  };
}

/** Paths are written as digits too, the rest of a descriptor is not. */
function fromHex(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
