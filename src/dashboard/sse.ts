/** Server-sent events (WHATWG HTML §9.2) out of pieces of text, wherever those are cut. */

export interface SseFrame {
  readonly event: string;
  /** Where to go on after a break; undefined on frames that are not counted. */
  readonly id: number | undefined;
  readonly data: string;
}

export interface SseReader {
  /** @returns the frames that are whole now */
  readonly push: (text: string) => SseFrame[];
}

export function createSseReader(): SseReader {
  let rest = '';
  return {
    push: (text) => {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      return blocks.map(readFrame).filter((frame) => frame !== undefined);
    },
  };
}

/** A comment keeps the connection open and says nothing. */
function readFrame(block: string): SseFrame | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const match = /^(event|id|data): ?(.*)$/.exec(line);
    if (match?.[1] !== undefined) fields.set(match[1], match[2] ?? '');
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const id = fields.get('id');
  return { event: fields.get('event') ?? 'message', id: id === undefined ? undefined : Number(id), data };
}
