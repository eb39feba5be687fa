/**
 * A program: pages of browsers that watch a service, as many as are asked for. Says `open` when all of them have been told
 * how everything is; what each has been told of events is said at SIGTERM. Arguments: port, token, how many.
 */
import { get, type IncomingMessage } from 'node:http';

/** What one page has seen. Numbers follow each other, so nothing is missing where `count` is `last - first + 1`. */
export interface SeenEvents {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** From when an event happened until it was here, the longest. */
  readonly latestMs: number;
}

const [port = '', token = '', count = ''] = process.argv.slice(2);
/** One after the other: the service closes connections whose question does not come in time, and this machine is busy. */
const pages: Awaited<ReturnType<typeof openPage>>[] = [];
for (let number = 0; number < Number(count); number += 1) pages.push(await openPage());
await Promise.all(pages.map(({ isTold }) => isTold));
process.stdout.write('open\n');
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(pages.map(({ seen }) => seen()))}\n`, () => process.exit(0));
});

async function openPage() {
  const headers = { authorization: `Bearer ${token}` };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/api/v1/watch', headers, agent: false }, resolve).on('error', reject);
  });
  if (incoming.statusCode !== 200) throw new Error(`a page was answered ${incoming.statusCode}`);
  const openedAtMs = Date.now();
  // Browsers are other machines: what came is looked at when the storm is over.
  const came: Piece[] = [];
  const isTold = new Promise<void>((resolve) => {
    incoming.on('data', (bytes: Buffer) => {
      came.push({ atMs: Date.now(), bytes });
      if (bytes.includes('event: cluster')) resolve();
    });
  });
  incoming.on('error', () => process.exit(1));
  return { isTold, seen: () => readPieces(came, openedAtMs) };
}

interface Piece {
  readonly atMs: number;
  readonly bytes: Buffer;
}

function readPieces(pieces: readonly Piece[], openedAtMs: number): SeenEvents {
  const seen = { first: 0, last: 0, count: 0, latestMs: 0 };
  const decoder = new TextDecoder();
  let rest = '';
  for (const { atMs, bytes } of pieces) {
    const lines = `${rest}${decoder.decode(bytes, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('id: ')) note(seen, Number(line.slice('id: '.length)));
      else if (line.startsWith('data: {"id":')) noteDelay(seen, line, { atMs, openedAtMs });
    }
  }
  return seen;
}

interface Noted {
  first: number;
  last: number;
  count: number;
  latestMs: number;
}

function note(seen: Noted, id: number): void {
  if (seen.count === 0) seen.first = id;
  seen.last = id;
  seen.count += 1;
}

function noteDelay(
  seen: Noted,
  line: string,
  { atMs, openedAtMs }: { readonly atMs: number; readonly openedAtMs: number },
): void {
  const happenedAtMs = Number(/"atMs":(\d+)/.exec(line)?.[1]);
  // What happened before the page was opened comes first.
  if (happenedAtMs >= openedAtMs) seen.latestMs = Math.max(seen.latestMs, atMs - happenedAtMs);
}
