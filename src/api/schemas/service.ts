/** What the service knows beside nodes: its own health, addresses, images, boards without a name. */
import { z } from 'zod';

import { BoardName } from '../../model/board.ts';

export const Health = z.strictObject({
  status: z.enum(['ok', 'red']),
  /** Left out where the question came without a token. */
  parts: z
    .array(
      z.strictObject({
        name: z.string(),
        /** One sentence each; empty when the part does its work. */
        problems: z.array(z.string()),
        sinceMs: z.number(),
        /** What is worth knowing of it while it does its work. */
        about: z.string().optional(),
      }),
    )
    .optional(),
});

export const ServiceAbout = z.strictObject({
  version: z.string(),
  cluster: z.string(),
  /** Where other machines reach it, if they may. */
  tls: z
    .strictObject({
      listen: z.string(),
      /** Of its public key, to be pinned: `curl --pinnedpubkey`, `pi-image --fingerprint`. */
      fingerprint: z.string(),
      expiresAtMs: z.number(),
    })
    .optional(),
});
export type ServiceAbout = Readonly<z.output<typeof ServiceAbout>>;

export const Lease = z.strictObject({
  address: z.string(),
  mac: z.string().optional(),
  /** Missing for a board that is no node. */
  node: z.string().optional(),
});
export type Lease = Readonly<z.output<typeof Lease>>;

export const Image = z.strictObject({
  name: z.string(),
  version: z.string(),
  builtAt: z.string(),
  boards: z.array(BoardName),
  rootBytes: z.int(),
  /** Nodes that boot or run it. */
  usedBy: z.array(z.string()),
  /** No clean-up takes it. */
  isPinned: z.boolean(),
});
export type Image = Readonly<z.output<typeof Image>>;

export const serviceExample = {
  version: '0.1.0',
  cluster: 'plum',
  tls: {
    listen: '192.168.1.5:8443',
    fingerprint: 'sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    expiresAtMs: 1_829_548_000_000,
  },
};
export const healthExample = { status: 'ok', parts: [{ name: 'dhcp', problems: [], sinceMs: 1_795_248_000_000 }] };
export const leaseExample = { address: '10.42.0.11', mac: '2c:cf:67:01:02:03', node: 'node01' };
export const unknownBoardExample = {
  mac: '2c:cf:67:0a:0b:0c',
  address: '10.42.0.200',
  serial: '1234abcd',
  board: 'pi5',
  firstSeenMs: 1_795_248_000_000,
  lastSeenMs: 1_795_248_300_000,
  poweredOnMs: 1_795_248_000_000,
  model: 'Raspberry Pi 5 Model B Rev 1.0',
  memoryMib: 8062,
  switchPort: 'sw1 port 7',
  hold: { sinceMs: 1_795_248_020_000, heardMs: 1_795_248_300_000 },
};
export const imageExample = {
  name: 'debian-lite',
  version: '20261121.1',
  builtAt: '2026-11-21T08:00:00.000Z',
  boards: ['pi4', 'pi5'],
  rootBytes: 912_000_000,
  usedBy: ['node01', 'node02'],
  isPinned: false,
};
export const eventExample = {
  id: 1042,
  atMs: 1_795_248_340_000,
  kind: 'node.role-set',
  node: 'node01',
  fields: { by: 'ci', role: 'login' },
};

export const Document = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({}),
  paths: z.looseObject({}),
});
