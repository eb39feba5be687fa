/** The service's HTTP server with a handler of the test's own, on a port of the machine's choice. */
import type { RequestListener } from 'node:http';

import { serveHttp } from '../../src/serve/http-server.ts';

export interface StartedHttp {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export async function startHttp(
  handler: RequestListener,
  listen: { readonly address: string; readonly port: number } = { address: '127.0.0.1', port: 0 },
): Promise<StartedHttp> {
  const abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const port = await new Promise<number>((resolve, reject) => {
    ended = serveHttp({ listen, handler, signal: abort.signal, onListening: resolve });
    ended.catch(reject);
  });
  const stop = () => {
    abort.abort();
    return ended;
  };
  return { port, stop };
}
