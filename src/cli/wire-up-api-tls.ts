/** The certificate of the API for other machines: read or made at the start, looked at every hour. */
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ownCertificate, readCertificate, type ServerCertificate } from '../host/tls-certificate.ts';
import { parseApiAddress, type ApiAddress, type ApiConfig } from '../model/api-config.ts';
import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';
import type { Paths } from './context.ts';
import type { Service } from './wire-up.ts';

export interface ApiTls {
  /** undefined: nobody but this machine may ask. */
  readonly listen: ApiAddress | undefined;
  /** undefined before the first one. */
  readonly current: () => ServerCertificate | undefined;
  readonly onChange: (listener: () => void) => void;
  /** @throws ConfigError, HostError when there is none to be had */
  readonly read: (signal: AbortSignal) => Promise<void>;
  /** Reads it again and again. One that cannot be read leaves the one before. */
  readonly keep: (signal: AbortSignal) => Promise<void>;
}

/** Certificates live for months. */
const lookEveryMs = 3_600_000;

interface Options {
  readonly paths: Paths;
  readonly log: Log;
}

export function openApiTls({ site, health }: Pick<Service, 'site' | 'health'>, { paths, log }: Options): ApiTls {
  // As with all ports, another address counts from the next start.
  const { api, cluster } = site.view().cluster;
  const listen = api && parseApiAddress(api.listen);
  const secretsDir = path.join(paths.state, 'secrets');
  let current: ServerCertificate | undefined;
  let tell: (() => void) | undefined;
  const read = async (signal: AbortSignal) => {
    if (api === undefined || listen === undefined) return;
    const names = { title: cluster, ...namesOf(api, listen) };
    const owners = ownersFiles(api);
    const found =
      owners === undefined
        ? await ownCertificate({ ...names, secretsDir, nowMs: Date.now(), log, signal })
        : await readCertificate(owners);
    if (found.cert === current?.cert && found.key === current.key) return;
    current = found;
    log.info('api.certificate', { fingerprint: found.pin, expires: new Date(found.expiresAtMs).toISOString() });
    tell?.();
  };
  return {
    listen,
    read,
    current: () => current,
    onChange: (listener) => (tell = listener),
    keep: async (signal) => {
      while (!signal.aborted) {
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        const problem = await read(signal).then(
          () => undefined,
          (error: unknown) => describeError(error),
        );
        if (signal.aborted) return;
        health.report('api-certificate', problem === undefined ? [] : [problem]);
      }
    },
  };
}

type OwnersFiles = Parameters<typeof readCertificate>[0];

function ownersFiles({ certificate, key }: ApiConfig): OwnersFiles | undefined {
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** The machine may have a name that no certificate can hold. */
function namesOf({ names }: ApiConfig, { address }: ApiAddress) {
  const own = hostname().toLowerCase();
  const isName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(own);
  const all = new Set([...(isName ? [own] : []), ...names.map((name) => name.toLowerCase())]);
  return { names: [...all], addresses: [address] };
}
