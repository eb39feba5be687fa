/** The helper: does for the service what takes root. It is told names, and knows by its own files what they mean. */
import path from 'node:path';

import type { AnswerLine } from '../host/request-socket.ts';
import type { Cluster } from '../model/cluster.ts';
import { describeError } from '../model/describe-error.ts';
import { HostError, PiImageError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { RootAct, RootAnswer } from '../model/root-act.ts';
import { grantExports, grantShare } from '../plan/asked-exports.ts';
import type { RootDirs } from '../plan/root-mode.ts';
import { planShareOwners } from '../plan/share-owners.ts';
import { decodeRootAct, encodeRootAnswer } from '../wire/root-act.ts';
import { inTurn } from './in-turn.ts';
import type { RootActs } from './root-acts.ts';

export type BuildAct = Extract<RootAct, { readonly act: 'build' }>;

export interface HelperDeps extends RootDirs {
  /** @returns the exit code of its program */
  readonly build: (act: BuildAct, onLine: (line: string) => void, signal: AbortSignal) => Promise<number | null>;
  /** Of the NFS server. */
  readonly nfsDir: string;
  /** As its files say now. @throws PiImageError */
  readonly readCluster: () => Promise<Cluster>;
  readonly listImages: () => Promise<ReadonlyMap<string, readonly ImageManifest[]>>;
  /** Where the NFS server listens may change. */
  readonly actsFor: (cluster: Cluster) => RootActs;
  /** @throws PiImageError when a node that forges handles could reach what is not exported */
  readonly requireApart: (cluster: Cluster) => Promise<void>;
  /** @throws HostError when others than root could change where it leads */
  readonly requireTrusted: (place: string) => Promise<void>;
  readonly log: Log;
}

/** Asked once a second; nothing is done. */
const questions: ReadonlySet<RootAct['act']> = new Set(['nfs-status', 'choose-nfs']);

/** Copies of roots take minutes, for which nobody else has to wait. */
const slow: ReadonlySet<RootAct['act']> = new Set([
  'make-squash',
  'make-tree',
  'remove-tree',
  'sweep-roots',
  'drop-patterns',
  'sweep-store',
]);

/** @returns what answers one line with one line, whatever stands in it; acts of a kind are done one after the other */
export function createHelper(deps: HelperDeps): AnswerLine {
  const [quickly, slowly] = [inTurn(), inTurn()];
  return async (line, signal, say) => {
    let act: RootAct | undefined;
    try {
      const asked = decodeRootAct(line);
      act = asked;
      const answer = await (asked.act === 'build'
        ? built(asked, deps, { signal, say })
        : (slow.has(asked.act) ? slowly : quickly)(() => done(asked, deps, signal), signal));
      if (!questions.has(asked.act)) deps.log.info('helper.done', fieldsOf(asked));
      return encodeRootAnswer(answer);
    } catch (error) {
      const isGone = signal.aborted && error === signal.reason;
      deps.log.warn('helper.refused', { ...(act && fieldsOf(act)), reason: isGone ? gone : describeError(error) });
      return encodeRootAnswer(failure(error));
    }
  };
}

const gone = 'whoever asked has gone';

/** What is a fault of the helper's own is told in its log alone. */
function failure(error: unknown): RootAnswer {
  if (!(error instanceof PiImageError)) return { kind: 'failed', reason: 'the helper has failed: its log says why' };
  const { hint, message } = error;
  const causes: string[] = [];
  for (let { cause } = error; cause instanceof Error; { cause } = cause) causes.push(`because: ${cause.message}`);
  return { kind: 'failed', reason: [message, ...causes].join('; '), ...(hint !== undefined && { hint }) };
}

interface Talk {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** There is one build at a time, and a second one says so itself. */
async function built(act: BuildAct, deps: HelperDeps, { signal, say }: Talk): Promise<RootAnswer> {
  deps.log.info('helper.building', fieldsOf(act));
  const tell = (line: string) => say(encodeRootAnswer({ kind: 'said', line }));
  return { kind: 'ended', code: await deps.build(act, tell, signal) };
}

async function done(act: Exclude<RootAct, BuildAct>, deps: HelperDeps, signal: AbortSignal): Promise<RootAnswer> {
  const cluster = await deps.readCluster();
  const acts = deps.actsFor(cluster);
  switch (act.act) {
    case 'choose-nfs':
      return { kind: 'chosen', server: (await acts.chooseExporter(act.choice)).name };
    case 'nfs-status':
      return (await acts.chooseExporter(act.server)).status();
    case 'export':
      await exportAll(act, cluster, deps, signal);
      break;
    case 'keep-share':
      await keepShare(act.share, cluster, deps);
      break;
    case 'make-squash':
    case 'make-tree':
    case 'remove-tree':
    case 'sweep-roots':
    case 'drop-patterns':
    case 'sweep-store':
      await makeOrRemove(act, acts, deps, signal);
      break;
    default:
      return act satisfies never;
  }
  return { kind: 'done' };
}

type OfRoots = Exclude<RootAct, { readonly act: 'choose-nfs' | 'nfs-status' | 'export' | 'keep-share' | 'build' }>;

async function makeOrRemove(act: OfRoots, acts: RootActs, deps: HelperDeps, signal: AbortSignal): Promise<void> {
  await requireOwnFolders(deps);
  switch (act.act) {
    case 'make-squash':
      return acts.makeSquash(await manifestOf(act, deps), signal);
    case 'make-tree':
      return acts.makeTree(act.node, await manifestOf(act, deps), signal);
    case 'remove-tree':
      await deps.requireTrusted(path.join(deps.persistentDir, act.node, act.name, act.version));
      return acts.removeTree(act.node, act);
    case 'sweep-roots':
      return acts.sweepRoots();
    case 'drop-patterns':
      return acts.dropPatterns();
    case 'sweep-store':
      return acts.sweepStore();
    default:
      return act satisfies never;
  }
}

async function exportAll(
  { server, exports: asked }: Extract<RootAct, { readonly act: 'export' }>,
  cluster: Cluster,
  deps: HelperDeps,
  signal: AbortSignal,
): Promise<void> {
  const exports = grantExports(asked, { ...deps, cluster });
  await deps.requireApart(cluster);
  await requireOwnFolders(deps);
  for (const each of exports) await deps.requireTrusted(each.path);
  const exporter = await deps.actsFor(cluster).chooseExporter(server);
  await exporter.apply(exports, signal);
}

/** The service may write beside them, in the state directory. */
async function requireOwnFolders({ imagesDir, squashDir, persistentDir, nfsDir, requireTrusted }: HelperDeps) {
  for (const folder of [imagesDir, squashDir, persistentDir, nfsDir]) await requireTrusted(path.join(folder, 'any'));
}

async function keepShare(name: string, cluster: Cluster, deps: HelperDeps): Promise<void> {
  const share = grantShare(name, cluster);
  await deps.requireTrusted(share.path);
  const owners = planShareOwners({ cluster, images: await deps.listImages() });
  const owner = owners.find((each) => each.name === name);
  await deps.actsFor(cluster).keepShare(owner ?? { name, path: share.path, ids: undefined });
}

async function manifestOf(of: { name: string; version: string }, deps: HelperDeps): Promise<ImageManifest> {
  const found = (await deps.listImages()).get(of.name)?.find(({ version }) => version === of.version);
  if (found === undefined) throw new HostError(`there is no version ${of.name}@${of.version}`);
  await deps.requireTrusted(path.join(deps.imagesDir, of.name, of.version, 'root'));
  return found;
}

/** Names only: what an act is about, and how many exports. */
function fieldsOf(act: RootAct) {
  const { act: name, ...rest } = act;
  if ('exports' in rest) return { act: name, server: rest.server, exports: rest.exports.length };
  return { act: name, ...rest };
}
