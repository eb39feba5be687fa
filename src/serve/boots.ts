/** Keeps the boots: begins them, counts what they load, takes what nodes report, ends their tokens. */
import { randomBytes } from 'node:crypto';

import type { FrozenBoots } from '../host/frozen-boots.ts';
import type { BootsFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import { defaultDeadlineMs } from '../model/cluster.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { Generation } from '../model/generation.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import {
  beginBoot,
  closeRestarted,
  countFile,
  decideBegin,
  pruneBoots,
  reportPhase,
  type BootSign,
  type PhaseReport,
} from '../plan/boot-timeline.ts';
import { decideKey } from '../plan/boot-key.ts';
import { resumeBoot } from '../plan/boot-deadlines.ts';
import { decideToken, tokenBytes, type TokenDecision } from '../plan/boot-token.ts';
import { noteMissing } from '../plan/missing-files.ts';
import { endOverdue, type OverdueFacts } from '../plan/overdue.ts';
import { bootEvents } from './boot-events.ts';
import type { Health } from './health.ts';
import type { Site } from './site.ts';

export interface BootsDeps {
  readonly file: BootsFile;
  readonly frozen: FrozenBoots;
  readonly site: Pick<Site, 'desired' | 'view'>;
  /** A part that has a problem may be why boots do. */
  readonly health: Pick<Health, 'parts'>;
  readonly now: () => number;
  readonly log: Log;
}

export type Arrival =
  { readonly kind: 'boot'; readonly boot: Boot } | { readonly kind: 'refused'; readonly reason: string };

export interface Boots {
  /** Resolves when a boot that begins with this is on the disk. */
  readonly arrive: (node: NodeSpec, mac: string, sign: BootSign) => Promise<Arrival>;
  readonly countFile: (address: string, bytes: number) => void;
  /** A board asked for a file that there is not. */
  readonly noteMissing: (address: string, file: string, reason: string) => void;
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
  /** Closes boots that are late or silent, and forgets old ones; called every few seconds. */
  readonly tidy: () => Promise<void>;
}

/** How stale the last sign of an open boot may get: a heartbeat every 10 s is not worth a write each. */
const hearMs = 60_000;

export function createBoots(deps: BootsDeps): Boots {
  const { file, frozen, now, log } = deps;
  const all = () => file.current().boots;
  const openAt = (address: string) => all().findLast((boot) => boot.address === address && boot.closed === undefined);
  const beginnings: Beginnings = new Map();
  const startedAtMs = now();
  file.amend((before) => ({ ...before, boots: before.boots.map((boot) => resumeBoot(boot, startedAtMs)) }));
  return {
    arrive: arriver(deps, beginnings),
    countFile: (address, bytes) => {
      const boot = openAt(address);
      if (boot === undefined) return;
      const count = (open: Boot) => countFile(open, bytes, now());
      file.amend(change(boot.id, count), bootEvents(boot, count(boot)));
    },
    noteMissing: (address, missing, reason) => {
      const boot = openAt(address);
      if (boot !== undefined) file.amend(change(boot.id, (open) => noteMissing(open, missing, reason)));
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
      await update(file, boot.id, (open) => reportPhase(open, phase, now()));
    },
    setOverlay: (boot, overlay) => file.update(change(boot.id, (open) => ({ ...open, ...overlay }))),
    all,
    generations: () => new Map([...frozen.all()].map(({ generation }) => [generation.id, generation])),
    generation: (id) => frozen.get(id)?.generation,
    tidy: () => tidy(deps, beginnings),
  };
}

/** A boot that is on its way to the disk. */
interface Beginning {
  readonly generation: string;
  readonly boot: Promise<Boot>;
}

/** Node -> its boot that begins. */
type Beginnings = Map<string, Beginning>;

function arriver(deps: BootsDeps, beginnings: Beginnings): Boots['arrive'] {
  const { file, site, now } = deps;
  return async function arrive(node, mac, sign): Promise<Arrival> {
    // Whoever asks meanwhile finds the boot that has begun, or hears why it cannot.
    const before = beginnings.get(node.name);
    if (before !== undefined) return before.boot.then(() => arrive(node, mac, sign));
    const desired = site.desired(node);
    if (desired.kind === 'refused') return desired;
    const { id } = desired.frozen.generation;
    const last = file.current().boots.findLast((boot) => boot.node === node.name);
    const decision = decideBegin({ last, sign, desired: id, address: node.address, nowMs: now() });
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'continue') {
      const { boot } = decision;
      file.amend(change(boot.id, (open) => ({ ...open, lastSeenMs: now() })));
      return { kind: 'boot', boot };
    }
    const boot = begin(deps, { node, mac, sign, begun: desired.frozen, closes: decision.closes });
    beginnings.set(node.name, { generation: id, boot });
    return { kind: 'boot', boot: await boot.finally(() => beginnings.delete(node.name)) };
  };
}

interface Arriving {
  readonly node: NodeSpec;
  readonly mac: string;
  readonly sign: BootSign;
  readonly begun: FrozenBoot;
  readonly closes: Boot | undefined;
}

/** What it boots is on the disk before the boot that names it: a service that is killed between the two must go on. */
async function begin(deps: BootsDeps, { node, mac, sign, begun, closes: over }: Arriving): Promise<Boot> {
  const { file, frozen, now, log } = deps;
  await frozen.save(begun);
  const { generation } = begun;
  const boots = { generation: generation.id, image: imageOf(generation), role: generation.role };
  const facts = { node: node.name, mac, address: node.address, ...boots, sign, nowMs: now() };
  const boot = beginBoot({ ...facts, ...newKeys(node, now()) });
  const closes = file.current().boots.find(({ id, closed }) => id === over?.id && closed === undefined);
  const closed = closes && closeRestarted(closes, now());
  const close = closes && change(closes.id, (open) => closeRestarted(open, now()));
  const events = [...(closed === undefined ? [] : bootEvents(closes, closed)), ...bootEvents(undefined, boot)];
  await file.update((before) => add(close === undefined ? before : close(before), boot), events);
  log.info('boot.begun', { node: node.name, boot: boot.id, address: boot.address, image: boot.image });
  return boot;
}

async function tidy(deps: BootsDeps, beginnings: Beginnings): Promise<void> {
  const { file, frozen, log } = deps;
  const end = (boot: Boot) => (boot.closed === undefined ? endOverdue(boot, overdueFacts(deps, boot)) : boot);
  const before = file.current().boots;
  const after = before.map(end);
  const events = after.flatMap((boot, index) => bootEvents(before[index], boot));
  if (events.length === 0 && pruneBoots(before).length === before.length) return;
  for (const { kind, node, fields } of events) log.warn(kind, { node, ...fields });
  await file.update((current) => ({ ...current, boots: pruneBoots(current.boots.map(end)) }), events);
  const used = [...file.current().boots, ...beginnings.values()].map(({ generation }) => generation);
  await frozen.keepOnly(new Set(used));
}

function overdueFacts({ frozen, site, health, now }: BootsDeps, { generation }: Boot): OverdueFacts {
  const role = frozen.get(generation)?.generation.role ?? '';
  const deadlineMs = site.view().cluster.roles[role]?.deadline ?? defaultDeadlineMs;
  const problems = health.parts().map(({ name, problems: [first] }) => [name, first] as const);
  return { deadlineMs, problems: Object.fromEntries(problems), nowMs: now() };
}

type BootLog = ReturnType<BootsFile['current']>;

function change(id: string, how: (boot: Boot) => Boot): (log: BootLog) => BootLog {
  return (log) => ({ ...log, boots: log.boots.map((boot) => (boot.id === id ? how(boot) : boot)) });
}

/** With the events that follow from the change, in the same transaction. */
function update(file: BootsFile, id: string, how: (boot: Boot) => Boot): Promise<void> {
  const before = file.current().boots.find((boot) => boot.id === id);
  return file.update(change(id, how), before && bootEvents(before, how(before)));
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
