/**
 * Boot files over HTTP: what TFTP has under /boot/v1/files/, and boot.img with boot.sig under whatever HTTP_PATH a board's
 * EEPROM has. Whole or in ranges, with the length and an ETag that is the content's hash.
 */
import type { Express, Request, Response } from 'express';

import { unreachable } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { BootFileContent, FindBootFile } from './boot-files.ts';
import type { Boots } from './boots.ts';
import { peerOf, refuse } from './http-answers.ts';
import { Sends, type SendLimits } from './http-sends.ts';

export interface FileRoutesDeps {
  readonly boots: Pick<Boots, 'countFile'>;
  readonly find: FindBootFile;
  readonly sendLimits: SendLimits;
  readonly log: Log;
}

export function fileRoutes(app: Express, deps: FileRoutesDeps): void {
  const sends = new Sends(deps.sendLimits);
  app.get('/boot/v1/files/*path', (request, response) => {
    // Express has decoded %2e and %2f: the same checks see what TFTP's would.
    const name = [request.params['path'] ?? ''].flat().join('/');
    return sendBootFile(name, { ...deps, sends }, request, response);
  });
  app.get(/\/boot\.(?:img|sig)$/, (request, response) =>
    sendBootFile(signedName(request.path), { ...deps, sends }, request, response),
  );
}

/** The folder above it may be a prefix that says whose board asks; the rest is the EEPROM's HTTP_PATH. */
function signedName(path: string): string {
  const [file = '', folder = ''] = path.split('/').filter(Boolean).toReversed();
  const isPrefix = /^(?:[0-9a-f]{8}|(?:[0-9a-f]{2}-){5}[0-9a-f]{2})$/i.test(folder);
  return isPrefix ? `${folder}/${file}` : file;
}

type Sending = FileRoutesDeps & { readonly sends: Sends };

async function sendBootFile(name: string, sending: Sending, request: Request, response: Response): Promise<void> {
  const content = await sending.find(name, peerOf(request));
  switch (content.kind) {
    case 'bytes':
      countWhenSent(sending, request, response);
      response.type('text/plain').set('cache-control', 'no-store').send(Buffer.from(content.bytes));
      return;
    case 'file':
      return sendFile(name, content, sending, request, response);
    case 'missing':
      return refuse(response, 404, content.reason);
    case 'refused':
      return refuse(response, 403, content.reason);
    default:
      return unreachable(content);
  }
}

/** Larger than a stream's usual 64 KiB: fewer turns of the event loop for the same bytes. */
const chunkBytes = 256 * 1024;

function sendFile(
  name: string,
  { root, path, sizeBytes, sha256 }: Extract<BootFileContent, { kind: 'file' }>,
  sending: Sending,
  request: Request,
  response: Response,
): void {
  const { sends, log } = sending;
  const address = peerOf(request);
  const late = () => log.warn('http.too-slow', { from: address, file: name });
  if (!sends.begin({ address, sizeBytes, response, late })) {
    response.set('retry-after', '5');
    return refuse(response, 503, 'too many files are being sent: ask again in 5 s');
  }
  countWhenSent(sending, request, response);
  // Under one name a board gets another file when it is to boot another: it may keep what it has only if that is the same.
  response.set({ etag: `"${sha256}"`, 'cache-control': 'no-cache', 'content-type': 'application/octet-stream' });
  const options = { root, dotfiles: 'allow', lastModified: false, highWaterMark: chunkBytes } as const;
  response.sendFile(path, options);
}

function countWhenSent({ boots, log }: Sending, request: Request, response: Response): void {
  const from = peerOf(request);
  response.on('finish', () => {
    if (request.method !== 'GET' || response.statusCode >= 300) return;
    const bytes = Number(response.get('content-length') ?? 0);
    boots.countFile(from, bytes);
    log.info('http.served', { from, path: request.path, bytes, agent: request.get('user-agent') });
  });
}
