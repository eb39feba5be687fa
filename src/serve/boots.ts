/** Keeps the boots: begins them, counts what they load, takes what nodes report, ends their tokens. */
import type { Boot } from '../model/boot.ts';
import type { Generation } from '../model/generation.ts';
import { countFile, reportPhase, type PhaseReport } from '../plan/boot-timeline.ts';
import { decideKey } from '../plan/boot-key.ts';
import { resumeBoot } from '../plan/boot-deadlines.ts';
import { claimBeside, impostorReason } from '../plan/challenge.ts';
import { decideToken, type TokenDecision } from '../plan/boot-token.ts';
import { noteMissing } from '../plan/missing-files.ts';
import { NodeBoots } from '../plan/node-boots.ts';
import { noteUnfinished, type UnfinishedFile } from '../plan/unfinished-files.ts';
import { arriver, type Beginnings } from './begin-boots.ts';
import { change, update } from './boot-changes.ts';
import { bootEvents } from './boot-events.ts';
import { collectSigns, type BootSigns } from './boot-signs.ts';
import type { Arrive, BootsDeps } from './boots-deps.ts';
import { tidy } from './tidy-boots.ts';

export interface Boots extends BootSigns {
  /** Resolves when a boot that begins with this is on the disk. */
  readonly arrive: Arrive;
  /** @param file as it was asked for */
  readonly countFile: (address: string, bytes: number, file?: string) => void;
  /** A board asked for a file that there is not. */
  readonly noteMissing: (address: string, file: string, reason: string) => void;
  /** A board broke off, or went silent, in the middle of a file. */
  readonly noteUnfinished: (address: string, file: UnfinishedFile) => void;
  /** More than one may have the token of this node's open boot. */
  readonly endToken: (node: string, reason: string) => void;
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
  /** Those of one node, oldest first: the same list as long as none of them is another. */
  readonly ofNode: (node: string) => readonly Boot[];
  readonly generations: () => ReadonlyMap<string, Generation>;
  readonly generation: (id: string) => Generation | undefined;
  /** Closes boots that are late or silent, and forgets old ones; called every few seconds. */
  readonly tidy: () => Promise<void>;
}

/** How stale the last sign of an open boot may get: a heartbeat every 10 s is not worth a write each. */
const hearMs = 60_000;

export function createBoots(deps: BootsDeps): Boots {
  const { file, frozen, now, log } = deps;
  const { all, ofNode } = bootLists(file);
  const openAt = (address: string) => all().findLast((boot) => boot.address === address && boot.closed === undefined);
  const amendOpen = (address: string, how: (boot: Boot) => Boot) => {
    const boot = openAt(address);
    if (boot !== undefined) file.amend(change(boot.id, how));
  };
  const beginnings: Beginnings = new Map();
  const signs = collectSigns(file, (node) => beginnings.has(node));
  const startedAtMs = now();
  file.amend((before) => ({ ...before, boots: before.boots.map((boot) => resumeBoot(boot, startedAtMs)) }));
  return {
    arrive: arriver({ ...deps, signs }, beginnings),
    ...signs,
    countFile: (address, bytes, name) => {
      const boot = openAt(address);
      if (boot === undefined) return;
      const count = (open: Boot) => countFile(open, bytes, now(), name);
      file.amend(change(boot.id, count), bootEvents(boot, count(boot)));
    },
    noteMissing: (address, missing, reason) => amendOpen(address, (open) => noteMissing(open, missing, reason)),
    noteUnfinished: (address, unfinished) => amendOpen(address, (open) => noteUnfinished(open, unfinished, now())),
    endToken: (node, reason) => {
      const boot = all().findLast((candidate) => candidate.node === node);
      if (boot?.token === undefined || boot.closed !== undefined) return;
      file.amend(change(boot.id, (open) => ({ ...open, token: undefined, tokenRefused: reason })));
    },
    authorise: (token, address) => {
      const decision = decideToken(all(), { token, address, nowMs: now() });
      if (decision.kind === 'valid') {
        // Somebody else had tried, or it has the right one by now.
        if (decision.boot.tokenRefused !== undefined) amendOpen(address, ({ tokenRefused: _over, ...open }) => open);
      } else if (token !== undefined) {
        // What it would report of that comes under the same token: nobody would hear it.
        amendOpen(decision.boot?.address ?? address, (open) => noteRefusal(open, decision.reason));
      }
      return decision;
    },
    authoriseKey: (key, address) => decideKey(all(), { token: key, address }),
    hear: (boot) => {
      const claim = claimBeside(all(), boot);
      if (claim !== undefined) endClaim(deps, claim);
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
    ofNode,
    ...generationsIn(frozen),
    tidy: () => {
      signs.flush();
      return tidy(deps, beginnings);
    },
  };
}

function bootLists(file: BootsDeps['file']): Pick<Boots, 'all' | 'ofNode'> {
  const nodeBoots = new NodeBoots();
  const all = () => file.current().boots;
  return { all, ofNode: (node) => nodeBoots.of(node, all()) };
}

function generationsIn(frozen: BootsDeps['frozen']): Pick<Boots, 'generations' | 'generation'> {
  return {
    generations: () => new Map([...frozen.all()].map(({ generation }) => [generation.id, generation])),
    generation: (id) => frozen.get(id)?.generation,
  };
}

/** The node was kept from answering when it was asked, and speaks now. */
function endClaim({ file, log }: BootsDeps, { id, node, mac, address }: Boot): void {
  log.warn('boot.impostor', { node, boot: id, address, mac });
  const end = (open: Boot): Boot => ({ ...open, token: undefined, tokenRefused: impostorReason(node) });
  file.amend(change(id, end), [{ kind: 'boot.impostor', node, fields: { boot: id, address, mac } }]);
}

/** A token that was ended early says why, and not that it has ended. Whoever tries again and again writes nothing anew. */
function noteRefusal(boot: Boot, reason: string): Boot {
  const wasEnded = boot.token === undefined && boot.tokenRefused !== undefined;
  return wasEnded || boot.tokenRefused === reason ? boot : { ...boot, tokenRefused: reason };
}
