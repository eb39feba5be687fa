/** The site as it is now: what the owner wrote, the images there are, the nodes. A broken edit keeps what worked before. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { StateFile } from '../host/state-file.ts';
import type { Cluster } from '../model/cluster.ts';
import { describeError } from '../model/describe-error.ts';
import { ConfigError, PiImageError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import { holdBoot } from '../model/generation-pin.ts';
import type { Log } from '../model/log.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { NodeSpec } from '../model/node.ts';
import type { MadeRoots } from '../model/root-mode.ts';
import { nodesWithMacs, type State } from '../model/state.ts';
import type { ClusterView } from '../model/view.ts';
import { withChosenImages } from '../plan/image-choice.ts';
import { atLearnedAddresses, hasOwnAddresses } from '../plan/learned-addresses.ts';
import { refuseBrokenOverlays } from '../plan/overlay-check.ts';
import { roleEdits } from '../plan/role-edits.ts';
import { RootNotMadeError } from '../plan/root-mode.ts';
import { keepSame, keepSameImages, keepSameRoots } from '../plan/same-config.ts';
import type { Health } from './health.ts';

/** What the owner wrote, checked as "pi-image config check" does. */
export type SiteConfig = Pick<ClusterView, 'cluster' | 'overlays' | 'boardTemplates'>;

export interface SiteDeps {
  readonly readConfig: () => Promise<SiteConfig>;
  readonly listImages: () => Promise<ClusterView['images']>;
  /** What was made of them for other root modes than `shared`. */
  readonly listRoots?: () => Promise<MadeRoots>;
  /** Differs when a file that `readConfig` or `listImages` reads has changed. */
  readonly fingerprint: () => Promise<string>;
  /** The same for cluster.yaml and the files of its secrets. */
  readonly fingerprintOwn?: () => Promise<string>;
  readonly state: Pick<StateFile, 'current' | 'onChange'>;
  /** Where nodes were seen last: it counts where another DHCP server gives the addresses. */
  readonly addresses?: SeenAddresses;
  /** What a node of this view boots when it boots now. */
  readonly freeze: (node: NodeSpec, view: ClusterView) => FrozenBoot;
  /** What a node is held at, whatever its role and the files say; undefined: it follows them. */
  readonly held?: (node: NodeSpec) => FrozenBoot | typeof holdBoot | undefined;
  /** Hears what an edit changed of roles. Resolves when the events are on the disk. */
  readonly append?: (events: readonly NewEvent[]) => Promise<unknown>;
  readonly health: Health;
  readonly log: Log;
}

export interface SeenAddresses {
  /** Node -> address. The same object as long as nothing has changed. */
  readonly current: () => ReadonlyMap<string, Ipv4Address>;
  readonly onChange: (listener: () => void) => void;
}

export type Desired =
  | { readonly kind: 'boots'; readonly frozen: FrozenBoot }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** Nothing is wrong: whoever asks again a little later boots. */
      readonly isBeingMade?: true;
      /** It is given the hold boot meanwhile. */
      readonly isOnHold?: true;
    };

export interface Site {
  /** The same object as long as nothing has changed. */
  readonly view: () => ClusterView;
  readonly desired: (node: NodeSpec) => Desired;
  /** What it would boot if nobody held it. */
  readonly planned: (node: NodeSpec) => Desired;
  /** Reads everything again. Never throws for what an owner can repair: health tells it. */
  readonly reload: () => Promise<void>;
  /** @param settleMs files that change for longer than this are being written: the next call is theirs */
  readonly reloadIfChanged: (settleMs?: number) => Promise<void>;
  /** Called when the view may have become another one. @returns how to stop */
  readonly onChange: (listener: () => void) => () => void;
}

/** @throws ConfigError when the files cannot be used as they are: there is nothing older to keep. */
export async function openSite(deps: SiteDeps): Promise<Site> {
  let seen = await deps.fingerprint();
  let config = await deps.readConfig();
  let images = await deps.listImages();
  let roots = await deps.listRoots?.();
  let own = await deps.fingerprintOwn?.();
  const plan = memoizeDesired(deps.freeze);
  const addresses = () => (hasOwnAddresses(config.cluster) ? undefined : deps.addresses?.current());
  const view = memoizeView(() => ({ config, images, roots, state: deps.state.current(), addresses: addresses() }));

  const listeners = new Set<() => void>();
  const tellChange = () => {
    for (const listener of listeners) listener();
  };
  deps.state.onChange(tellChange);
  // Whether they count does not change while the service runs.
  if (!hasOwnAddresses(config.cluster)) deps.addresses?.onChange(tellChange);

  const readAgain = async () => {
    try {
      const read = await deps.readConfig();
      requireSameNetwork(config.cluster, read.cluster);
      const kept = keepSame(config, read);
      const ownNow = await deps.fingerprintOwn?.();
      // Another object is another cluster: its secrets are read again.
      const next = ownNow === own ? kept : { ...kept, cluster: read.cluster };
      const nextImages = keepSameImages(images, await deps.listImages());
      const nextRoots = keepSameRoots(roots, await deps.listRoots?.());
      const cluster = withChosenImages(next.cluster, deps.state.current().imageChoices);
      await inSlices(refuseBrokenOverlays(view(), { ...view(), ...next, cluster, images: nextImages }));
      images = nextImages;
      roots = nextRoots;
      own = ownNow;
      tellEdits(roleEdits(config, next), deps);
      config = next;
      tellChange();
      deps.health.report('config', []);
      deps.log.info('config.loaded', { nodes: view().nodes.length, images: images.size });
    } catch (error) {
      if (!(error instanceof PiImageError)) throw error;
      deps.health.report('config', [`the files as they were before are still used: ${describeError(error)}`]);
      deps.log.warn('config.broken', { reason: describeError(error) });
    }
  };
  let last = Promise.resolve();
  // One after the other: of two that read at the same time, the older could come last.
  const reload = () => (last = last.then(readAgain));
  const reloadIfChanged = async (settleMs = 0) => {
    const now = await deps.fingerprint();
    if (now === seen) return;
    if (settleMs > 0) await sleep(settleMs);
    if (settleMs > 0 && (await deps.fingerprint()) !== now) return;
    seen = now;
    await reload();
  };
  deps.health.report('config', []);
  const onChange = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const planned = (node: NodeSpec): Desired => plan(node, view());
  const desired = (node: NodeSpec): Desired => asHeld(deps.held?.(node)) ?? planned(node);
  return { view, desired, planned, reload, reloadIfChanged, onChange };
}

/** What was read counts, whether its history can be written or not. */
function tellEdits(edits: readonly NewEvent[], { append, log }: Pick<SiteDeps, 'append' | 'log'>): void {
  if (edits.length === 0) return;
  append?.(edits).catch((error: unknown) => log.warn('role.edit-untold', { reason: describeError(error) }));
}

const onHold: Desired = {
  kind: 'refused',
  reason: 'nothing that came up before is kept: it waits in the hold boot',
  isOnHold: true,
};

function asHeld(held: FrozenBoot | typeof holdBoot | undefined): Desired | undefined {
  if (held === holdBoot) return onHold;
  return held && { kind: 'boots', frozen: held };
}

/** Of each turn of the event loop. */
const sliceMs = 4;

async function inSlices(work: Iterable<void>): Promise<void> {
  let sliceBeganMs = performance.now();
  for (const _ of work) {
    if (performance.now() - sliceBeganMs < sliceMs) continue;
    await nextTurn();
    sliceBeganMs = performance.now();
  }
}

interface Sources {
  readonly config: SiteConfig;
  readonly images: ClusterView['images'];
  readonly roots: MadeRoots | undefined;
  readonly state: State;
  /** undefined: nodes are where nodes.yaml says. */
  readonly addresses: ReadonlyMap<string, Ipv4Address> | undefined;
}

function memoizeView(read: () => Sources): () => ClusterView {
  let last: { from: Sources; view: ClusterView } | undefined;
  return () => {
    const from = read();
    const isSame =
      last !== undefined &&
      last.from.config === from.config &&
      last.from.images === from.images &&
      last.from.roots === from.roots &&
      last.from.addresses === from.addresses &&
      last.from.state.nodes === from.state.nodes &&
      last.from.state.imageChoices === from.state.imageChoices &&
      last.from.state.learnedMacs === from.state.learnedMacs;
    if (last === undefined || !isSame) {
      const nodes = atLearnedAddresses(nodesWithMacs(from.state), from.addresses ?? new Map());
      last = {
        from,
        view: { ...chosenConfig(from), images: from.images, nodes, ...(from.roots && { roots: from.roots }) },
      };
    }
    return last.view;
  };
}

function chosenConfig({ config, state: { imageChoices } }: Sources): SiteConfig & Pick<ClusterView, 'imageChoices'> {
  return { ...config, cluster: withChosenImages(config.cluster, imageChoices), imageChoices };
}

interface Planned {
  readonly desired: Desired;
  readonly from: ClusterView;
}

/** What is frozen follows from the node and what the owner wrote, not from other nodes: a change of one keeps the others' plans. */
function memoizeDesired(freeze: SiteDeps['freeze']) {
  const plans = new WeakMap<NodeSpec, Planned>();
  return (node: NodeSpec, view: ClusterView): Desired => {
    const known = plans.get(node);
    if (known?.from === view) return known.desired;
    const isKept = known !== undefined && isSameFor(node.role, known.from, view);
    const desired = isKept ? known.desired : decide(() => freeze(node, view));
    plans.set(node, { desired, from: view });
    return desired;
  };
}

/** A change of an overlay is one for the roles that have it. */
function isSameFor(role: string, one: ClusterView, other: ClusterView): boolean {
  const parts = ['cluster', 'imageChoices', 'images', 'boardTemplates', 'roots'] as const;
  if (!parts.every((part) => one[part] === other[part])) return false;
  const names = one.cluster.roles[role]?.overlays ?? [];
  return one.overlays === other.overlays || names.every((name) => one.overlays.get(name) === other.overlays.get(name));
}

function decide(freeze: () => FrozenBoot): Desired {
  try {
    return { kind: 'boots', frozen: freeze() };
  } catch (error) {
    if (!(error instanceof PiImageError)) throw error;
    const reason = describeError(error);
    return { kind: 'refused', reason, ...(error instanceof RootNotMadeError && { isBeingMade: true }) };
  }
}

/** Sockets are bound to these: a running service cannot follow. */
function requireSameNetwork(before: Cluster, after: Cluster): void {
  if (boundTo(before) === boundTo(after)) return;
  throw new ConfigError('network.interface, network.address, network.dhcp or ports changed', {
    hint: 'Restart the service to use them: "systemctl restart pi-image".',
  });
}

const boundTo = ({ network, ports }: Cluster) =>
  JSON.stringify([network.interface, network.address, network.dhcp, ports]);

const pollMs = 2000;
const settleMs = 200;

/** Reloads when a file of the configuration or the list of images changes. */
export async function watchSite(site: Pick<Site, 'reloadIfChanged'>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await site.reloadIfChanged(settleMs);
  }
}
