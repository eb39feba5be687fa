/** Keeps the boots: begins them, counts what they load, takes what nodes report, ends their tokens. */
import { randomBytes } from 'node:crypto';

import type { FrozenBoots } from '../host/frozen-boots.ts';
import type { BootsFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import {
  beginBoot,
  closeBoot,
  countFile,
  decideBegin,
  expireBoot,
  pruneBoots,
  reportPhase,
  type BootSign,
  type PhaseReport,
} from '../plan/boot-timeline.ts';
import { decideKey } from '../plan/boot-key.ts';
import { decideToken, tokenBytes, type TokenDecision } from '../plan/boot-token.ts';
import type { Site } from './site.ts';

export interface BootsDeps {
  readonly file: BootsFile;
  readonly frozen: FrozenBoots;
  readonly site: Pick<Site, 'desired'>;
  readonly now: () => number;
  readonly log: Log;
}

export type Arrival =
  { readonly kind: 'boot'; readonly boot: Boot } | { readonly kind: 'refused'; readonly reason: string };

export interface Boots {
  /** Resolves when a boot that begins with this is on the disk. */
  readonly arrive: (node: NodeSpec, mac: string, sign: BootSign) => Promise<Arrival>;
  readonly countFile: (address: string, bytes: number) => void;
  readonly authorise: (token: string | undefined, address: string) => TokenDecision;
  /** Whose key is this? */
  readonly authoriseKey: (key: string | undefined, address: string) => TokenDecision;
  readonly report: (boot: Boot, report: PhaseReport) => Promise<void>;
  /** A sign of life of a boot that is open. */
  readonly hear: (boot: Boot) => void;
  /** Resolves when it is on the disk: only then may the overlay leave. */
  readonly setOverlay: (boot: Boot, overlay: Pick<Boot, 'overlaySha256' | 'key'>) => Promise<void>;
  /** Oldest first. */
  readonly all: () => readonly Boot[];
  readonly generations: () => ReadonlyMap<string, Generation>;
  readonly generation: (id: string) => Generation | undefined;
  /** Closes silent boots and forgets old ones; called every few seconds. */
  readonly tidy: () => Promise<void>;
}

/** How stale the last sign of an open boot may get: a heartbeat every 10 s is not worth a write each. */
const hearMs = 60_000;

export function createBoots(deps: BootsDeps): Boots {
  const { file, frozen, now, log } = deps;
  const all = () => file.current().boots;
  return {
    arrive: arriver(deps),
    countFile: (address, bytes) => {
      const boot = all().findLast((open) => open.address === address && open.closed === undefined);
      if (boot !== undefined) file.amend(change(boot.id, (open) => countFile(open, bytes, now())));
    },
    authorise: (token, address) => decideToken(all(), { token, address, nowMs: now() }),
    authoriseKey: (key, address) => decideKey(all(), { token: key, address }),
    hear: (boot) => {
      const isNews = boot.closed === undefined && now() - boot.lastSeenMs >= hearMs;
      if (isNews) file.amend(change(boot.id, (open) => ({ ...open, lastSeenMs: now() })));
    },
    report: async (boot, phase) => {
      const fields = { node: boot.node, boot: boot.id, uptime: phase.uptimeSeconds, detail: phase.detail };
      if (phase.phase === 'failed') log.warn('boot.failed', fields);
      else log.info('boot.phase', { phase: phase.phase, ...fields });
      await file.update(change(boot.id, (open) => reportPhase(open, phase, now())));
    },
    setOverlay: (boot, overlay) => file.update(change(boot.id, (open) => ({ ...open, ...overlay }))),
    all,
    generations: () => new Map([...frozen.all()].map(({ generation }) => [generation.id, generation])),
    generation: (id) => frozen.get(id)?.generation,
    tidy: () => tidy(deps),
  };
}

function arriver({ file, frozen, site, now, log }: BootsDeps): Boots['arrive'] {
  /** Begins that are on their way to the disk: repeats wait for them too. */
  const beginning = new Map<string, Promise<unknown>>();

  return async (node, mac, sign) => {
    const desired = site.desired(node);
    if (desired.kind === 'refused') return desired;
    const last = file.current().boots.findLast((boot) => boot.node === node.name);
    const { generation } = desired.frozen;
    const decision = decideBegin({ last, sign, desired: generation.id, address: node.address, nowMs: now() });
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'continue') {
      const { boot } = decision;
      file.amend(change(boot.id, (open) => ({ ...open, lastSeenMs: now() })));
      await beginning.get(boot.id);
      return { kind: 'boot', boot };
    }
    const facts = { node: node.name, mac, address: node.address, generation: generation.id, sign, nowMs: now() };
    const boot = beginBoot({ ...facts, ...newKeys(node, now()) });
    const { closes } = decision;
    const close = closes && change(closes.id, (open) => closeBoot(open, 'restarted', now()));
    // Both can be seen at once by whoever asks next; the board is answered when both are on the disk.
    const saved = Promise.all([
      frozen.save(desired.frozen),
      file.update((before) => add(close === undefined ? before : close(before), boot)),
    ]);
    beginning.set(boot.id, saved);
    await saved.finally(() => beginning.delete(boot.id));
    log.info('boot.begun', { node: node.name, boot: boot.id, address: boot.address, image: imageOf(generation) });
    return { kind: 'boot', boot };
  };
}

async function tidy({ file, frozen, now, log }: BootsDeps): Promise<void> {
  const tidied = (boots: readonly Boot[]) => pruneBoots(boots.map((boot) => expireBoot(boot, now())));
  const before = new Map(file.current().boots.map((boot) => [boot.id, boot]));
  const after = tidied(file.current().boots);
  if (after.length === before.size && after.every((boot) => before.get(boot.id) === boot)) return;
  for (const boot of after) {
    const isNew = boot.closed?.reason === 'silent' && before.get(boot.id)?.closed === undefined;
    if (isNew) log.warn('boot.silent', { node: boot.node, boot: boot.id, last: boot.phases.at(-1)?.phase });
  }
  await file.update((current) => ({ ...current, boots: tidied(current.boots) }));
  await frozen.keepOnly(new Set(file.current().boots.map(({ generation }) => generation)));
}

type BootLog = ReturnType<BootsFile['current']>;

function change(id: string, how: (boot: Boot) => Boot): (log: BootLog) => BootLog {
  return (log) => ({ ...log, boots: log.boots.map((boot) => (boot.id === id ? how(boot) : boot)) });
}

const add = (log: BootLog, boot: Boot): BootLog => ({ ...log, boots: [...log.boots, boot] });

/** `node01-20261121T081500-3f9a`: sorts by time, and says whose it is. */
function newKeys(node: NodeSpec, nowMs: number): { id: string; token: string } {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\..*$/g, '');
  return {
    id: `${node.name}-${time}-${randomBytes(2).toString('hex')}`,
    token: randomBytes(tokenBytes).toString('base64url'),
  };
}

const imageOf = ({ image }: Generation) => `${image.name}@${image.version}`;
