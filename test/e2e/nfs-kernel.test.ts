/** The kernel's NFS server behind our exporter, in an amd64 guest: the kernels that run tests often have none. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { bootGuest, makeGuest } from '../support/amd64-guest.ts';

const project = path.resolve(import.meta.dirname, '../..');
const deadlineMs = 400_000;

/** No rpcbind, as on a storage node that serves NFSv4 only. */
const script = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run
ip link set lo up
mkdir -p /var/lib/nfs/v4recovery /var/lib/nfs/rpc_pipefs; touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
cd ${project} && ${process.execPath} --import tsx test/support/kernel-exporter.ts
`;

let dir = '';
let results: ReadonlyMap<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'amd64-guest-'));
  const signal = AbortSignal.timeout(deadlineMs);
  const guest = await makeGuest(dir, { modules: ['nfsd', 'nfs', 'nfsv4'], script, signal });
  const console = await bootGuest(guest, signal);
  results = new Map(
    [...console.matchAll(/RESULT ([^:]+): (.*?)\r?$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
  if (!results.has('stop')) throw new Error(`the guest did not get to its end:\n${console}`);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test.each([
  ['status', /^running$/],
  ['mount image', /^ok$/],
  ['read image', /^content of \/images\/debian-lite\/1\/root$/],
  ['write image', /^refused .*Read-only/],
  ['mount share', /^ok$/],
  ['write share', /^new$/],
  ['read foreign', /^refused/],
  ['read image after a change', /^content of/],
  ['read withdrawn share', /^refused/],
])('%s', (what, expected) => {
  expect(results.get(what)).toMatch(expected);
});
