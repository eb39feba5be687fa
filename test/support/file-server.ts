/** An HTTP server on loopback that serves a few files as a mirror does: ranges, strong ETags, and breaks when it is told to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** What was asked: `GET /x.img bytes=100-`. */
  readonly asked: string[];
  readonly files: Map<string, Buffer>;
  /** The next answers break off, each after so many bytes and not before the client has taken them. */
  readonly breaks: { readonly bytes: number; readonly taken: Promise<unknown> }[];
  /** What it does otherwise than a good server. */
  readonly habits: { ranges: boolean; lengths: boolean; status?: number };
  readonly close: () => Promise<void>;
}

export async function startFileServer(files: Readonly<Record<string, Buffer>>): Promise<FileServer> {
  const state = {
    asked: [] as string[],
    files: new Map(Object.entries(files)),
    breaks: [] as FileServer['breaks'],
    habits: { ranges: true, lengths: true } as FileServer['habits'],
  };
  const server = createServer((request, response) => answer(request, response, state));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ...state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

type State = Pick<FileServer, 'asked' | 'files' | 'breaks' | 'habits'>;

function answer(request: IncomingMessage, response: ServerResponse, { asked, files, breaks, habits }: State): void {
  asked.push(describe(request));
  const file = files.get(String(request.url));
  if (habits.status !== undefined || file === undefined) return void response.writeHead(habits.status ?? 404).end();
  const etag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
  const first = habits.ranges ? firstByte(request, etag) : undefined;
  if (first !== undefined && first >= file.byteLength) {
    return void response.writeHead(416, { 'content-range': `bytes */${file.byteLength}` }).end();
  }
  const body = file.subarray(first ?? 0);
  const part = { 'content-range': `bytes ${first}-${file.byteLength - 1}/${file.byteLength}` };
  response.writeHead(first === undefined ? 200 : 206, {
    etag,
    ...(habits.lengths && { 'content-length': body.byteLength }),
    ...(first !== undefined && part),
  });
  const broken = breaks.shift();
  if (broken === undefined) return void response.end(body);
  response.write(body.subarray(0, broken.bytes));
  void broken.taken.then(() => response.destroy());
}

/** Where the part begins that is asked for; undefined for the whole file. */
function firstByte({ headers }: IncomingMessage, etag: string): number | undefined {
  const { range = '', 'if-range': condition = etag } = headers;
  const first = /^bytes=(\d+)-$/.exec(range)?.[1];
  return first === undefined || condition !== etag ? undefined : Number(first);
}

function describe({ method, url, headers: { range } }: IncomingMessage): string {
  return `${method} ${url}${range === undefined ? '' : ` ${range}`}`;
}
