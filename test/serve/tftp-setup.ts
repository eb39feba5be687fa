/** What each test file about the TFTP server needs, cleaned up after each test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll } from 'vitest';

import type { TftpContent, TftpDeps } from '../../src/serve/tftp.ts';
import { RawClient, serving, type TestServer } from './tftp-client.ts';

export interface TftpSetup {
  readonly start: (files: Readonly<Record<string, TftpContent>>, over?: Partial<TftpDeps>) => Promise<TestServer>;
  readonly newClient: (address?: string) => Promise<RawClient>;
  readonly newFile: (name: string, bytes: Uint8Array) => Promise<TftpContent & { readonly kind: 'file' }>;
}

export function setUp(): TftpSetup {
  let folder = '';
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pi-image-tftp-'));
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  afterAll(() => rm(folder, { recursive: true }));

  return {
    start: async (files, over) => {
      const server = await serving(files, over);
      cleanups.push(server.stop);
      return server;
    },
    newClient: async (address) => {
      const client = await RawClient.open(address);
      cleanups.push(() => client.close());
      return client;
    },
    newFile: async (name, bytes) => {
      const file = path.join(folder, name);
      await writeFile(file, bytes);
      return { kind: 'file', path: file, sizeBytes: bytes.byteLength };
    },
  };
}

/** Does not wait for a real board's patience. */
export const fastResend = { limits: { resendFloorMs: 20, silenceMs: 1200 } };
