/** Boots and what a node would boot now. */
import { z } from 'zod';

import { Generation } from '../../model/generation.ts';

const Attributes = { path: z.string(), mode: z.int(), uid: z.int(), gid: z.int() };

/** model/node-file.ts without content. */
const PlannedFile = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), ...Attributes }),
  z.strictObject({ kind: z.literal('directory'), ...Attributes }),
  z.strictObject({ kind: z.literal('link'), path: z.string(), target: z.string() }),
  z.strictObject({ kind: z.literal('remove'), glob: z.string() }),
]);

export const Plan = z.strictObject({
  node: z.string(),
  generation: Generation,
  /** The frozen part of its overlay, without content. */
  overlay: z.array(PlannedFile),
});
export type Plan = Readonly<z.output<typeof Plan>>;

const generationId = '4f0c1d6f7f0e6b0e3c52b0c1f7c1b7e9c1d1f5f7a3f2b6c8d9e0f1a2b3c4d5e6';

export const bootExample = {
  id: 'node01-20261121T081500-3f9a',
  node: 'node01',
  mac: '2c:cf:67:01:02:03',
  address: '10.42.0.11',
  generation: generationId,
  startedAtMs: 1_795_248_340_000,
  tokenExpiresAtMs: 1_795_248_940_000,
  lastSeenMs: 1_795_248_372_000,
  files: 6,
  bytes: 31_457_280,
  phases: [
    { phase: 'offered', atMs: 1_795_248_340_000 },
    { phase: 'root', atMs: 1_795_248_361_000 },
    { phase: 'ready', atMs: 1_795_248_372_000 },
  ],
  closed: { atMs: 1_795_248_372_000, reason: 'ready' },
};

export const planExample = {
  node: 'node01',
  generation: {
    format: 1,
    id: generationId,
    node: 'node01',
    role: 'compute',
    board: 'pi5',
    image: { name: 'debian-lite', version: '20261121.1' },
    rootMode: 'shared',
    configTxt: 'arm_64bit=1\n',
    commandLine: 'console=ttyAMA10,115200 pi_image.server=10.42.0.1',
    overlayDigest: 'a3c9a1c4f2b0d5e6978812345678901234567890abcdefabcdefabcdef012345',
  },
  overlay: [{ kind: 'file', path: 'etc/hostname', mode: 0o644, uid: 0, gid: 0 }],
};

export const overlayReportExample = {
  node: 'node01',
  overlayDigest: 'b4d9a1c4f2b0d5e6978812345678901234567890abcdefabcdefabcdef012345',
  running: generationId,
  desired: generationId,
  files: { added: [], changed: [], removed: [] },
  patches: {},
  live: {
    has: 'c5d9a1c4f2b0d5e6978812345678901234567890abcdefabcdefabcdef012345',
    wants: 'c5d9a1c4f2b0d5e6978812345678901234567890abcdefabcdefabcdef012345',
  },
  hasLooked: true,
  drift: { checkedAtSeconds: 600, count: 1, files: [{ path: 'etc/hosts', what: 'changed' }] },
};
