/** Many readers of the events at once: has each of them every one, and how late? */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Readers {
  /** Number of the last event that each has. */
  readonly lastIds: () => readonly number[];
  /** Events that each has seen. */
  readonly counts: () => readonly number[];
  readonly close: () => void;
}

export async function openReaders(socketPath: string, count: number): Promise<Readers> {
  const readers = await Promise.all(Array.from({ length: count }, () => openReader(socketPath)));
  return {
    lastIds: () => readers.map(({ last }) => last()),
    counts: () => readers.map((reader) => reader.count()),
    close: () => {
      for (const { incoming } of readers) incoming.destroy();
    },
  };
}

/** @returns milliseconds until all have it. @throws Error after ten seconds */
export async function allHave({ lastIds }: Readers, id: number): Promise<number> {
  const beganMs = performance.now();
  while (lastIds().some((last) => last < id)) {
    if (performance.now() - beganMs > 10_000) throw new Error(`after 10 s not all have the event ${id}`);
    await sleep(2);
  }
  return performance.now() - beganMs;
}

async function openReader(socketPath: string) {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ socketPath, path: '/api/v1/events' }, resolve).on('error', reject);
  });
  let last = 0;
  let count = 0;
  let rest = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('id: ')) continue;
      last = Number(line.slice(4));
      count += 1;
    }
  });
  incoming.on('error', () => undefined);
  return { incoming, last: () => last, count: () => count };
}
