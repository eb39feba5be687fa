/** HTTP for booting boards: clock, the node's overlay under its boot's token, its phase reports, and the files that TFTP has. */
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';

import { initramfsPhases, type Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import { parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { PhaseReport } from '../plan/boot-timeline.ts';
import type { FindBootFile } from './boot-files.ts';
import type { Boots } from './boots.ts';
import type { PackedOverlay } from './node-overlay.ts';

export interface HttpBootDeps {
  readonly boots: Pick<Boots, 'authorise' | 'report' | 'countFile'>;
  readonly overlayOf: (boot: Boot) => Promise<PackedOverlay>;
  readonly find: FindBootFile;
  readonly now: () => number;
  readonly log: Log;
}

const reportLimit = '4kb';
const maxDetailLength = 500;

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
  app.post('/boot/v1/phase', form, async (request, response) => {
    const boot = authorise(deps, request, response);
    if (boot === undefined) return;
    const report = parseReport(request.body, boot);
    if (report.kind === 'refused') return refuse(response, report.status, report.reason);
    await deps.boots.report(boot, report);
    response.status(204).end();
  });
  app.get('/boot/v1/files/*path', (request, response) => sendBootFile(deps, request, response));
  app.use((_, response) => refuse(response, 404, 'nothing is served here'));
  app.use(failed(deps.log));
  return app;
}

/** @returns undefined after it has answered 403 */
function authorise({ boots, log }: HttpBootDeps, request: Request, response: Response): Boot | undefined {
  const from = peerOf(request);
  const token = /^Bearer ([\w-]{1,200})$/.exec(request.get('authorization') ?? '')?.[1];
  const decision = boots.authorise(token, from);
  if (decision.kind === 'valid') return decision.boot;
  log.warn('boot.token-refused', { from, path: request.path, reason: decision.reason });
  refuse(response, 403, decision.reason);
  return undefined;
}

type Report =
  | ({ readonly kind: 'report' } & PhaseReport)
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

function parseReport(body: unknown, boot: Boot): Report {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const phase = initramfsPhases.find((known) => known === fields['phase']);
  if (phase === undefined) {
    return { kind: 'refused', status: 400, reason: `phase must be one of ${initramfsPhases.join(', ')}` };
  }
  const { digest, uptime, detail } = fields;
  if (phase === 'overlay' && digest !== boot.overlaySha256) {
    return { kind: 'refused', status: 409, reason: 'digest is not that of the overlay which was served last' };
  }
  const uptimeSeconds =
    typeof uptime === 'string' && /^\d{1,7}(?:\.\d{1,6})?$/.test(uptime) ? Number(uptime) : undefined;
  const text = typeof detail === 'string' && detail !== '' ? detail.slice(0, maxDetailLength) : undefined;
  return { kind: 'report', phase, uptimeSeconds, detail: text };
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
