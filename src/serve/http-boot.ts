/**
 * HTTP for boards. While they boot: clock, the node's overlay under its boot's token, phase reports, the files that TFTP
 * has. When they run, under the boot's key: heartbeats, whose answer tells that live files have changed, and those files.
 */
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';

import type { Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import { parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { TokenDecision } from '../plan/boot-token.ts';
import type { FindBootFile } from './boot-files.ts';
import type { Boots } from './boots.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { LiveParts } from './live-parts.ts';
import type { PackedOverlay } from './node-overlay.ts';
import { readHeartbeat, readPhase } from './node-reports.ts';

export interface HttpBootDeps {
  readonly boots: Pick<Boots, 'authorise' | 'authoriseKey' | 'report' | 'hear' | 'countFile'>;
  readonly heartbeats: Pick<Heartbeats, 'take'>;
  readonly liveParts: LiveParts;
  readonly overlayOf: (boot: Boot) => Promise<PackedOverlay>;
  readonly find: FindBootFile;
  readonly now: () => number;
  readonly log: Log;
}

const reportLimit = '4kb';

export function httpBoot(deps: HttpBootDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/boot/v1/clock', (_, response) => {
    response.type('text/plain').send(`${Math.floor(deps.now() / 1000)}\n`);
  });
  app.get('/boot/v1/overlay.sha256', async (request, response) => {
    const boot = authorise(deps, request, response);
    if (boot === undefined) return;
    const { sha256 } = await deps.overlayOf(boot);
    response.type('text/plain').send(`${sha256}  overlay.tar\n`);
  });
  app.get('/boot/v1/overlay.tar', async (request, response) => {
    const boot = authorise(deps, request, response);
    if (boot === undefined) return;
    const { tar } = await deps.overlayOf(boot);
    deps.log.info('boot.overlay-sent', { node: boot.node, boot: boot.id, bytes: tar.byteLength });
    response.type('application/x-tar').set('cache-control', 'no-store').send(Buffer.from(tar));
  });
  const form = express.urlencoded({ extended: false, limit: reportLimit, parameterLimit: 10 });
  app.post('/boot/v1/phase', form, (request, response) => takePhase(deps, request, response));
  app.post('/boot/v1/heartbeat', form, (request, response) => takeHeartbeat(deps, request, response));
  app.get('/boot/v1/live.tar', async (request, response) => {
    const boot = authoriseSystem(deps, request, response);
    if (boot === undefined) return;
    const { tar } = await deps.liveParts.pack(boot);
    deps.log.info('live.sent', { node: boot.node, boot: boot.id, bytes: tar.byteLength });
    response.type('application/x-tar').set('cache-control', 'no-store').send(Buffer.from(tar));
  });
  app.get('/boot/v1/files/*path', (request, response) => sendBootFile(deps, request, response));
  app.use((_, response) => refuse(response, 404, 'nothing is served here'));
  app.use(failed(deps.log));
  return app;
}

/** @returns undefined after it has answered 403 */
function authorise({ boots, log }: HttpBootDeps, request: Request, response: Response): Boot | undefined {
  const decision = boots.authorise(bearerOf(request), peerOf(request));
  return admit(decision, log, request, response);
}

/** As `authorise`, for what speaks under the key of a boot. */
function authoriseSystem({ boots, log }: HttpBootDeps, request: Request, response: Response): Boot | undefined {
  const decision = boots.authoriseKey(bearerOf(request), peerOf(request));
  return admit(decision, log, request, response);
}

function admit(decision: TokenDecision, log: Log, request: Request, response: Response): Boot | undefined {
  if (decision.kind === 'valid') return decision.boot;
  log.warn('boot.token-refused', { from: peerOf(request), path: request.path, reason: decision.reason });
  refuse(response, 403, decision.reason);
  return undefined;
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer ([\w-]{1,200})$/.exec(request.get('authorization') ?? '')?.[1];
}

/** Under the token it is the initramfs that speaks, under the key the system that it started. */
async function takePhase(deps: HttpBootDeps, request: Request, response: Response): Promise<void> {
  const byKey = deps.boots.authoriseKey(bearerOf(request), peerOf(request));
  const boot = byKey.kind === 'valid' ? byKey.boot : authorise(deps, request, response);
  if (boot === undefined) return;
  const read = readPhase(request.body, byKey.kind === 'valid' ? 'system' : 'initramfs', boot);
  if (read.kind === 'refused') return refuse(response, read.status, read.reason);
  await deps.boots.report(boot, read.report);
  response.status(204).end();
}

async function takeHeartbeat(deps: HttpBootDeps, request: Request, response: Response): Promise<void> {
  const boot = authoriseSystem(deps, request, response);
  if (boot === undefined) return;
  const read = readHeartbeat(request.body);
  if (read.kind === 'refused') return refuse(response, read.status, read.reason);
  const { heartbeat, waitMs } = read.report;
  deps.heartbeats.take(boot, heartbeat);
  deps.boots.hear(boot);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const digest = await deps.liveParts.digest({ boot, has: heartbeat.liveDigest, waitMs, signal: gone.signal });
  if (gone.signal.aborted) return;
  response.type('text/plain').send(digest === undefined ? 'none\n' : `live ${digest}\n`);
}

async function sendBootFile({ find, boots }: HttpBootDeps, request: Request, response: Response): Promise<void> {
  const from = peerOf(request);
  // Express has decoded %2e and %2f: the same checks see what TFTP's would.
  const name = [request.params['path'] ?? ''].flat().join('/');
  const content = await find(name, from);
  response.on('finish', () => {
    const isSent = request.method === 'GET' && response.statusCode < 300;
    if (isSent) boots.countFile(from, Number(response.get('content-length') ?? 0));
  });
  switch (content.kind) {
    case 'bytes':
      response.type('text/plain').set('cache-control', 'no-store').send(Buffer.from(content.bytes));
      return;
    case 'file':
      response.sendFile(content.path, {
        root: content.root,
        dotfiles: 'allow',
        lastModified: false,
        acceptRanges: true,
      });
      return;
    case 'missing':
      return refuse(response, 404, content.reason);
    case 'refused':
      return refuse(response, 403, content.reason);
  }
}

/** Listening on an IPv4 address, so every peer has one. */
function peerOf(request: Request): Ipv4Address {
  return parseIpv4(request.socket.remoteAddress ?? '');
}

function refuse(response: Response, status: number, reason: string): void {
  response.status(status).type('text/plain').send(`${reason}\n`);
}

/** One sentence and no stack, whatever went wrong. */
function failed(log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) log.warn('http.failed', { path: request.path, reason: describeError(error) });
    if (error instanceof PiImageError) return refuse(response, status, error.message);
    refuse(
      response,
      status,
      status < 500 ? 'the request cannot be understood' : 'internal error; see the log of pi-image',
    );
  };
}

/** body-parser and send put the status on the errors that a client has caused. */
function statusOf(error: unknown): number {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
