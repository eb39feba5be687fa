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
  const seen = { first: 0, last: 0, count: 0, latestMs: 0 };
  let rest = '';
  const isTold = new Promise<void>((resolve) => {
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'event: cluster') resolve();
        else if (line.startsWith('id: ')) note(seen, Number(line.slice('id: '.length)));
        else if (line.startsWith('data: {"id":')) noteDelay(seen, line, openedAtMs);
      }
    });
  });
  incoming.on('error', () => process.exit(1));
  return { isTold, seen: (): SeenEvents => ({ ...seen }) };
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

function noteDelay(seen: Noted, line: string, openedAtMs: number): void {
  const atMs = Number(/"atMs":(\d+)/.exec(line)?.[1]);
  // What happened before the page was opened comes first.
  if (atMs >= openedAtMs) seen.latestMs = Math.max(seen.latestMs, Date.now() - atMs);
}
