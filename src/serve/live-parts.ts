/** The live part of each running node: rendered once per change, and told to those that wait for one. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import type { FrozenBoots } from '../host/frozen-boots.ts';
import { packNodeFiles, type PackedFiles } from '../host/tar.ts';
import type { Boot } from '../model/boot.ts';
import type { Cluster } from '../model/cluster.ts';
import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { keepList } from '../plan/live-part.ts';
import { frozenPaths, renderLivePart } from '../plan/overlay.ts';
import { inputOf } from './node-overlay.ts';
import type { Site } from './site.ts';

export interface LivePartsDeps {
  readonly site: Pick<Site, 'view'>;
  readonly frozen: Pick<FrozenBoots, 'get'>;
  readonly secretsFor: (node: NodeSpec) => Promise<SecretValues>;
  readonly log: Log;
}

interface DigestQuestion {
  readonly boot: Boot;
  /** What the node has. */
  readonly has: string | undefined;
  readonly waitMs: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

export interface LiveParts {
  /** As it is now. @throws PiImageError when it cannot be rendered */
  readonly pack: (boot: Boot) => Promise<PackedFiles>;
  /**
   * The digest that the node should have; when it has that, the answer waits until it changes, or for `waitMs`.
   * undefined when it cannot be rendered.
   */
  readonly digest: (question: DigestQuestion) => Promise<string | undefined>;
}

interface Waiter extends DigestQuestion {
  /** What it was compared with last. */
  view: ClusterView;
  readonly answer: (digest: string | undefined) => void;
}

/** How soon after a change the first waiting node is told. */
const checkMs = 250;

export function createLiveParts(deps: LivePartsDeps): LiveParts {
  const { site } = deps;
  const pack = packer(deps);
  const digestNow = digester(deps, pack);
  const waiters = new Set<Waiter>();
  let isWatching = false;

  /** One after the other, with a turn of the event loop between: a change for a thousand nodes stalls nobody's packets. */
  const tellChanges = async () => {
    const view = site.view();
    for (const waiter of [...waiters].filter((each) => each.view !== view)) {
      const digest = await digestNow(waiter.boot, view, waiter.has);
      waiter.view = view;
      if (digest !== waiter.has) waiter.answer(digest);
      await nextTurn();
    }
  };
  const watch = async () => {
    isWatching = true;
    while (waiters.size > 0) {
      await sleep(checkMs);
      const startedAtMs = performance.now();
      await tellChanges();
      // Changes that come faster than they can be rendered are taken together; half the time is left to others.
      await sleep(performance.now() - startedAtMs);
    }
    isWatching = false;
  };

  const digest = async (question: DigestQuestion): Promise<string | undefined> => {
    const { boot, has, waitMs, signal } = question;
    const view = site.view();
    const now = await digestNow(boot, view, has);
    if (now !== has || waitMs <= 0 || signal.aborted) return now;
    return new Promise((resolve) => {
      const answer = (later: string | undefined) => {
        waiters.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', asBefore);
        resolve(later);
      };
      const asBefore = () => answer(now);
      const timer = setTimeout(asBefore, waitMs);
      signal.addEventListener('abort', asBefore, { once: true });
      const waiter: Waiter = { ...question, view, answer };
      waiters.add(waiter);
      if (!isWatching) void watch();
    });
  };
  return { pack: (boot) => pack(boot, site.view(), 'for-change'), digest };
}

/** Whoever changes from one to the other is told what to keep: files that are frozen ones now. */
type Purpose = 'to-have' | 'for-change';

type Pack = (boot: Boot, view: ClusterView, purpose: Purpose) => Promise<PackedFiles>;

function packer({ frozen, secretsFor }: LivePartsDeps): Pack {
  /** They change with the cluster file, which is another object when it was read again, and with what the node is. */
  const known = new WeakMap<Cluster, Map<string, Promise<SecretValues>>>();
  const keptSecrets = (node: NodeSpec, { cluster }: ClusterView): Promise<SecretValues> => {
    const ofCluster = known.get(cluster) ?? new Map<string, Promise<SecretValues>>();
    known.set(cluster, ofCluster);
    const key = JSON.stringify([node.name, node.address, node.role]);
    const asked = ofCluster.get(key) ?? secretsFor(node);
    ofCluster.set(key, asked);
    asked.catch(() => ofCluster.delete(key));
    return asked;
  };
  const packOnce = keptPacks();
  return async (boot, view, purpose) => {
    const begun = frozen.get(boot.generation);
    const input = inputOf(boot, begun, view);
    const secrets = await keptSecrets(input.node, view);
    const part = renderLivePart({ ...input, secrets });
    const keep = purpose === 'for-change' ? keepList(begun?.overlay ?? [], frozenPaths(input)) : [];
    // Where nothing is to be kept the two are one.
    const key = keep.length === 0 ? boot.node : `${boot.node} for a change`;
    return packOnce([...part, ...keep], key, view);
  };
}

interface KeptPack {
  readonly files: readonly NodeFile[];
  readonly packed: PackedFiles;
}

/**
 * The last archive of each node. What is large in it all nodes have in common, so a thousand of them take some megabytes, and
 * one is made anew only where a file has changed.
 */
function keptPacks() {
  const kept = new Map<string, KeptPack>();
  return async (files: readonly NodeFile[], key: string, { nodes }: ClusterView): Promise<PackedFiles> => {
    const last = kept.get(key);
    if (last !== undefined && isSameFiles(last.files, files)) return last.packed;
    const packed = await packNodeFiles(files);
    kept.set(key, { files, packed });
    if (kept.size > 2 * nodes.length) {
      const known = new Set(nodes.map(({ name }) => name));
      for (const other of kept.keys()) if (!known.has(other.split(' ')[0] ?? '')) kept.delete(other);
    }
    return packed;
  };
}

function isSameFiles(one: readonly NodeFile[], other: readonly NodeFile[]): boolean {
  return one.length === other.length && one.every((file, index) => isDeepStrictEqual(file, other[index]));
}

type Digest = (boot: Boot, view: ClusterView, has: string | undefined) => Promise<string | undefined>;

/** What the node has, when that is right; else the digest of the archive that it gets. */
function digester({ log }: LivePartsDeps, pack: Pack): Digest {
  const known = new WeakMap<ClusterView, Map<string, Promise<string | undefined>>>();
  const compute = async (boot: Boot, view: ClusterView, purpose: Purpose): Promise<string | undefined> => {
    try {
      return (await pack(boot, view, purpose)).sha256;
    } catch (error) {
      // Whatever is wrong with one node's files, the heartbeats of all go on.
      log.warn('live.refused', { node: boot.node, reason: describeError(error) });
      return undefined;
    }
  };
  const once = (boot: Boot, view: ClusterView, purpose: Purpose) => {
    const ofView = known.get(view) ?? new Map<string, Promise<string | undefined>>();
    known.set(view, ofView);
    const key = `${boot.id} ${purpose}`;
    const digest = ofView.get(key) ?? compute(boot, view, purpose);
    ofView.set(key, digest);
    return digest;
  };
  return async (boot, view, has) => {
    const wanted = await once(boot, view, 'to-have');
    return wanted === undefined || wanted === has ? wanted : once(boot, view, 'for-change');
  };
}
