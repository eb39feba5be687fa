/** The root of a node in the mode `ram`, as one file: that of the generation that its boot began with, under the boot's token. */
import path from 'node:path';

import type { Express, Request, Response } from 'express';

import type { Log } from '../model/log.ts';
import { versionId } from '../model/root-mode.ts';
import { ramRootPath } from '../plan/root-mode.ts';
import type { Boots } from './boots.ts';
import { authorise, type AccessDeps } from './http-access.ts';
import { peerOf, refuse } from './http-answers.ts';
import { Sends, type SendLimits } from './http-sends.ts';
import type { Site } from './site.ts';

export interface RootRoutesDeps extends AccessDeps {
  readonly site: Pick<Site, 'view'>;
  readonly boots: AccessDeps['boots'] & Pick<Boots, 'generation' | 'countFile'>;
  /** undefined where there are none. */
  readonly squashDir?: string;
  readonly sendLimits: SendLimits;
  readonly log: Log;
}

/** Larger than a stream's usual 64 KiB: fewer turns of the event loop for the same bytes. */
const chunkBytes = 1024 * 1024;

export function rootRoutes(app: Express, deps: RootRoutesDeps): void {
  const sends = new Sends(deps.sendLimits);
  app.get(ramRootPath, (request, response) => sendRoot(deps, sends, request, response));
}

function sendRoot(deps: RootRoutesDeps, sends: Sends, request: Request, response: Response): void {
  const boot = authorise(deps, request, response);
  if (boot === undefined) return;
  const { site, boots, squashDir, log } = deps;
  const generation = boots.generation(boot.generation);
  const { squash, image } = generation ?? {};
  if (generation?.rootMode !== 'ram' || squash === undefined || image === undefined || squashDir === undefined) {
    return refuse(response, 404, `${boot.node} has no root in memory`);
  }
  const made = site.view().roots?.squashes.get(versionId(image));
  if (made?.sha256 !== squash.sha256) {
    return refuse(response, 404, `the squashfs of ${versionId(image)} that this boot began with is gone`);
  }
  const from = peerOf(request);
  const late = () => log.warn('http.too-slow', { from, file: 'root.squashfs' });
  if (!sends.begin({ address: from, sizeBytes: squash.sizeBytes, response, late })) {
    response.set('retry-after', '5');
    return refuse(response, 503, 'too many files are being sent: ask again in 5 s');
  }
  response.on('finish', () => {
    if (response.statusCode >= 300) return;
    const bytes = Number(response.get('content-length') ?? 0);
    boots.countFile(from, bytes);
    log.info('root.sent', { node: boot.node, boot: boot.id, bytes });
  });
  response.set({ etag: `"${squash.sha256}"`, 'cache-control': 'no-store', 'content-type': 'application/octet-stream' });
  const root = path.join(squashDir, image.name, image.version);
  const options = { root, lastModified: false, highWaterMark: chunkBytes } as const;
  response.sendFile('root.squashfs', options);
}
