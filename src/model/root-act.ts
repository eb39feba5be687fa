/** What the service asks of the helper, which is root: a closed list, with nothing in it but names, numbers and addresses. */
import { z } from 'zod';

import { buildPackages } from './image-build.ts';
import { Ipv4 } from './ipv4.ts';
import { NodeName, ResourceName } from './names.ts';

const nfsServers = ['ganesha', 'kernel'] as const;
const NfsServer = z.enum(nfsServers);
export type NfsServer = z.infer<typeof NfsServer>;

/** One name of a folder: no "/", and never "..". */
const Version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'a version such as 20261121.1');

const version = { name: ResourceName, version: Version };

/** A tree that nodes may mount, by its name. Where it lies the helper knows itself. */
const AskedTree = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('image'), ...version }),
  z.strictObject({ kind: z.literal('squash'), ...version }),
  z.strictObject({ kind: z.literal('persistent'), node: NodeName, ...version }),
  z.strictObject({ kind: z.literal('share'), share: ResourceName }),
]);
export type AskedTree = Readonly<z.infer<typeof AskedTree>>;

/** More nodes than one storage node serves, each with a tree of its own. */
const mostExports = 10_000;

const AskedExport = z.strictObject({
  id: z.int().min(1).max(0x7f_ff_ff_ff),
  tree: AskedTree,
  clients: z.array(Ipv4).min(1).max(mostExports),
});
export type AskedExport = Readonly<z.infer<typeof AskedExport>>;

export const RootAct = z.discriminatedUnion('act', [
  /** Which NFS server does this machine use? */
  z.strictObject({ act: z.literal('choose-nfs'), choice: z.enum(['auto', ...nfsServers]) }),
  /** Exports exactly these trees. */
  z.strictObject({ act: z.literal('export'), server: NfsServer, exports: z.array(AskedExport).max(mostExports) }),
  z.strictObject({ act: z.literal('nfs-status'), server: NfsServer }),
  /** Makes the top folder of a share, and gives it to the owner that cluster.yaml names. */
  z.strictObject({ act: z.literal('keep-share'), share: ResourceName }),
  z.strictObject({ act: z.literal('make-squash'), ...version }),
  z.strictObject({ act: z.literal('make-tree'), node: NodeName, ...version }),
  z.strictObject({ act: z.literal('remove-tree'), node: NodeName, ...version }),
  /** What processes that are gone have left of squashfs files and trees. */
  z.strictObject({ act: z.literal('sweep-roots') }),
  /** Copies of versions that are published no more. */
  z.strictObject({ act: z.literal('drop-patterns') }),
  /** What builds that died have left in the store. */
  z.strictObject({ act: z.literal('sweep-store') }),
  /** Builds an image that has an image.yaml, or says what a build would do. What its program says is told line by line. */
  z.strictObject({
    act: z.literal('build'),
    image: ResourceName,
    packages: z.enum(buildPackages),
    squash: z.boolean(),
    isPlan: z.boolean(),
  }),
]);
export type RootAct = Readonly<z.infer<typeof RootAct>>;

export const RootAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done') }),
  z.strictObject({ kind: z.literal('chosen'), server: NfsServer }),
  z.strictObject({ kind: z.literal('running'), server: NfsServer, detail: z.string() }),
  z.strictObject({ kind: z.literal('stopped'), reason: z.string() }),
  /** A line of a program; more come. */
  z.strictObject({ kind: z.literal('said'), line: z.string() }),
  /** With its exit code; null: it was killed. */
  z.strictObject({ kind: z.literal('ended'), code: z.int().nullable() }),
  z.strictObject({ kind: z.literal('failed'), reason: z.string(), hint: z.string().optional() }),
]);
export type RootAnswer = Readonly<z.infer<typeof RootAnswer>>;
