/** HTTP for boards as a part of the service, with the boot.img files that it makes ready. */
import path from 'node:path';

import { readSigningKey } from '../host/signing-key.ts';
import type { Log } from '../model/log.ts';
import { createBootImages, type BootImages } from '../serve/boot-images.ts';
import { httpBoot } from '../serve/http-boot.ts';
import { counted } from '../serve/http-counts.ts';
import { serveHttp } from '../serve/http-server.ts';
import { keepBootImages } from '../serve/prepare-boot-images.ts';
import type { Part } from '../serve/supervise.ts';
import type { Paths } from './context.ts';
import type { Service } from './wire-up.ts';

interface Options {
  readonly paths: Paths;
  readonly imagesDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function openBootImages({ paths, imagesDir, log, signal }: Options): BootImages {
  const secretsDir = path.join(paths.state, 'secrets');
  const readKey = () => readSigningKey(secretsDir, log);
  return createBootImages({ dir: path.join(paths.state, 'boot', 'signed'), imagesDir, readKey, log, signal });
}

/** A board asks for one thing at a time; one that is switched off and on has left some behind. */
const connectionsPerBoard = 64;

export function httpPart(service: Service, { log }: { readonly log: Log }): Part {
  const { network, ports } = service.site.view().cluster;
  const handler = counted(service.counts.http.boot, httpBoot({ ...service, now: () => Date.now(), log }));
  const listen = { address: network.address.address, port: ports.http };
  const run: Part['run'] = async (signal, ready) => {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const kept = keepBootImages(service, both);
    // What goes wrong there ends this part, and it is started again.
    kept.catch((error: Error) => ended.abort(error));
    try {
      await serveHttp({ listen, handler, signal: both, onListening: ready, perAddress: connectionsPerBoard });
    } finally {
      ended.abort();
      await kept;
    }
  };
  return { name: 'http', run };
}
