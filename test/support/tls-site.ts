/** Certificates for tests, made by the service's own code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { ownCertificate, type OwnCertificate, type ServerCertificate } from '../../src/host/tls-certificate.ts';

export interface TlsSite {
  readonly dir: string;
  readonly lines: string[];
  readonly make: (more?: Partial<OwnCertificate>) => Promise<ServerCertificate>;
}

export async function tlsSite(): Promise<TlsSite> {
  const dir = await mkdtemp(path.join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const lines: string[] = [];
  const log = { info: (event: string) => void lines.push(event), warn: (event: string) => void lines.push(event) };
  const common = { title: 'plum', names: ['storage'], addresses: ['127.0.0.1'], log };
  return {
    dir,
    lines,
    make: (more) =>
      ownCertificate({
        ...common,
        secretsDir: path.join(dir, 'secrets'),
        nowMs: Date.now(),
        signal: AbortSignal.timeout(30_000),
        ...more,
      }),
  };
}
