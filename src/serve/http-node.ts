/**
 * What a node asks of the storage node. While it boots, under its boot's token: its overlay, and where it reports to. When
 * it runs, under the boot's key: heartbeats, whose answer tells that live files have changed, and those files.
 */
import { urlencoded, type Express, type Request, type Response } from 'express';

import type { PackedFiles } from '../host/tar.ts';
import type { Boot } from '../model/boot.ts';
import type { Boots } from './boots.ts';
import type { Challenges } from './challenges.ts';
import type { Heartbeats } from './heartbeats.ts';
import { authorise, authoriseSystem, systemOf, type AccessDeps } from './http-access.ts';
import { peerOf, refuse } from './http-answers.ts';
import type { LiveParts } from './live-parts.ts';
import type { OverlayChecks } from './overlay-checks.ts';
import { readHeartbeat, readPhase, readTokenRequest } from './node-reports.ts';
import type { ClaimToken } from './token-claims.ts';

export interface NodeRoutesDeps extends AccessDeps {
  readonly boots: Pick<Boots, 'authorise' | 'authoriseKey' | 'report' | 'hear'>;
  readonly heartbeats: Pick<Heartbeats, 'take'>;
  readonly liveParts: LiveParts;
  readonly overlayChecks: Pick<OverlayChecks, 'asked' | 'takeAsked' | 'heard'>;
  readonly challenges?: Pick<Challenges, 'asked' | 'isAsked' | 'heard'>;
  readonly overlayOf: (boot: Boot) => Promise<PackedFiles>;
  readonly claimToken: ClaimToken;
  readonly now: () => number;
}

const reportLimit = '4kb';
const heartbeatLimit = '16kb';

export function nodeRoutes(app: Express, deps: NodeRoutesDeps): void {
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
    const packed = await deps.overlayOf(boot);
    deps.log.info('boot.overlay-sent', { node: boot.node, boot: boot.id, bytes: packed.sizeBytes });
    sendTar(response, packed);
  });
  const form = urlencoded({ extended: false, limit: reportLimit, parameterLimit: 10 });
  app.post('/boot/v1/token', form, (request, response) => giveToken(deps, request, response));
  app.post('/boot/v1/phase', form, (request, response) => takePhase(deps, request, response));
  // With what differs of its overlay it is longer.
  const longForm = urlencoded({ extended: false, limit: heartbeatLimit, parameterLimit: 20 });
  app.post('/boot/v1/heartbeat', longForm, (request, response) => takeHeartbeat(deps, request, response));
  app.get('/boot/v1/live.tar', async (request, response) => {
    const boot = authoriseSystem(deps, request, response);
    if (boot === undefined) return;
    const packed = await deps.liveParts.pack(boot);
    deps.log.info('live.sent', { node: boot.node, boot: boot.id, bytes: packed.sizeBytes });
    sendTar(response, packed);
  });
}

function sendTar(response: Response, { chunks }: PackedFiles): void {
  response.type('application/x-tar').set('cache-control', 'no-store').send(Buffer.concat(chunks));
}

/** Of a signed boot, whose command line cannot carry it. */
async function giveToken(deps: NodeRoutesDeps, request: Request, response: Response): Promise<void> {
  const address = peerOf(request);
  const read = readTokenRequest(request.body);
  if (read.kind === 'refused') return refuse(response, read.status, read.reason);
  const answer = await deps.claimToken({ address, ...read.report });
  if (answer.kind === 'refused') {
    deps.log.warn('boot.token-refused', { from: address, path: request.path, reason: answer.reason });
    return refuse(response, 403, answer.reason);
  }
  deps.log.info('boot.token-given', { node: answer.boot.node, boot: answer.boot.id });
  response.type('text/plain').set('cache-control', 'no-store').send(`${answer.token}\n`);
}

/** Under the token it is the initramfs that speaks, under the key the system that it started. */
async function takePhase(deps: NodeRoutesDeps, request: Request, response: Response): Promise<void> {
  const system = systemOf(deps, request);
  const boot = system ?? authorise(deps, request, response);
  if (boot === undefined) return;
  const read = readPhase(request.body, system === undefined ? 'initramfs' : 'system', boot);
  if (read.kind === 'refused') return refuse(response, read.status, read.reason);
  await deps.boots.report(boot, read.report);
  response.status(204).end();
}

async function takeHeartbeat(deps: NodeRoutesDeps, request: Request, response: Response): Promise<void> {
  const boot = authoriseSystem(deps, request, response);
  if (boot === undefined) return;
  const read = readHeartbeat(request.body);
  if (read.kind === 'refused') return refuse(response, read.status, read.reason);
  const { heartbeat, waitMs } = read.report;
  deps.heartbeats.take(boot, heartbeat);
  deps.boots.hear(boot);
  const { overlayChecks, challenges } = deps;
  challenges?.heard(boot);
  overlayChecks.heard(boot.node, heartbeat.drift, heartbeat.uptimeSeconds);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const bells = [overlayChecks.asked(boot.node), ...(challenges === undefined ? [] : [challenges.asked(boot)])];
  const signal = AbortSignal.any([gone.signal, ...bells]);
  const digest = await deps.liveParts.digest({ boot, has: heartbeat.liveDigest, waitMs, signal });
  if (gone.signal.aborted) return;
  // Both are answered by a heartbeat that comes at once.
  const isAsked = [overlayChecks.takeAsked(boot.node), challenges?.isAsked(boot)].includes(true);
  const check = isAsked ? 'check\n' : '';
  response.type('text/plain').send(`${digest === undefined ? 'none' : `live ${digest}`}\n${check}`);
}
