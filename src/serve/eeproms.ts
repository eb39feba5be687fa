/** EEPROMs of nodes as desired state: takes what nodes report, hands updates to their boards, and moves rollouts on. */
import type { EepromFiles } from '../host/eeprom-files.ts';
import { eepromFileName } from '../host/eeprom-files.ts';
import type { StateFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import type { EepromDesired, EepromRecord, EepromReport } from '../model/eeprom.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import type { State } from '../model/state.ts';
import { decideEepromFile } from '../plan/eeprom-files.ts';
import { advanceEeproms, eepromEvent } from '../plan/eeprom-rollout.ts';
import type { BootFileContent, FindBootFile } from './boot-files.ts';
import type { Boots } from './boots.ts';
import type { Site } from './site.ts';

export interface EepromsDeps {
  readonly state: Pick<StateFile, 'current' | 'update'>;
  readonly site: Pick<Site, 'view'>;
  readonly boots: Pick<Boots, 'all' | 'ofNode'>;
  readonly files: Pick<EepromFiles, 'dir' | 'read'>;
  readonly now: () => number;
  readonly log: Log;
}

export interface Eeproms {
  readonly of: (node: string) => EepromRecord;
  /** Resolves when it is on the disk. */
  readonly report: (boot: Boot, report: Omit<EepromReport, 'boot' | 'atMs'>) => Promise<void>;
  /** Stages for those whose canaries are back, and ends what is late; called every few seconds. */
  readonly advance: () => Promise<void>;
  /** What `find` finds, and the update of the board that asks; that of an image is on the disk before it leaves. */
  readonly beside: (find: FindBootFile) => FindBootFile;
}

const noRecord: EepromRecord = {};

export function createEeproms(deps: EepromsDeps): Eeproms {
  const { state, site, boots, now } = deps;
  const of = (node: string) => state.current().eeproms[node] ?? noRecord;
  const lastBoot = (node: string) => boots.ofNode(node).at(-1);
  const advance = async () => {
    const facts = { nodes: site.view().nodes, lastBoot, nowMs: now() };
    const { records, events } = advanceEeproms(state.current().eeproms, facts);
    if (records === state.current().eeproms) return;
    await state.update((current) => ({ ...current, eeproms: { ...records } }), events);
    tell(deps.log, events);
  };
  return {
    of,
    advance,
    report: async (boot, report) => {
      const said: EepromReport = { ...report, boot: boot.id, atMs: now() };
      await state.update(change(boot.node, (record) => ({ ...record, report: said })));
      deps.log.info('eeprom.reported', { node: boot.node, built: report.builtAtSeconds });
      await advance();
    },
    beside: (find) => async (name, from) => {
      const node = site.view().nodes.find(({ address }) => address === from);
      return (node && (await updateFor(deps, name, node))) ?? find(name, from);
    },
  };
}

async function updateFor(deps: EepromsDeps, name: string, node: NodeSpec): Promise<BootFileContent | undefined> {
  const { state, boots } = deps;
  const { desired } = state.current().eeproms[node.name] ?? noRecord;
  if (desired === undefined) return undefined;
  const boot = boots.all().findLast(({ address, closed }) => address === node.address && closed === undefined);
  const decision = decideEepromFile({ path: name, node, boot, desired });
  if (decision.kind === 'none') return undefined;
  if (decision.kind === 'signature') return { kind: 'bytes', bytes: Buffer.from(decision.text) };
  return sendImage(deps, node, decision.desired);
}

/** Looked at as a whole first: half a file, or one that the disk has spoiled, must not reach a flash. */
async function sendImage(deps: EepromsDeps, node: NodeSpec, desired: EepromDesired): Promise<BootFileContent> {
  const { state, files, now, log } = deps;
  const { sha256, sizeBytes } = desired.image;
  await files.read(sha256);
  const askedAtMs = now();
  const ask = (from: EepromDesired): EepromDesired => {
    return { ...from, state: 'asked', askedAtMs, sinceMs: askedAtMs, asks: from.asks + 1 };
  };
  let asked: EepromDesired | undefined;
  const take = (record: EepromRecord): EepromRecord => {
    // Taken away or staged anew while it was read: then this one is over.
    if (record.desired === undefined || !isSame(record.desired, desired)) return record;
    asked = ask(record.desired);
    return { ...record, desired: asked };
  };
  const events = desired.state === 'asked' ? [] : [eepromEvent(node.name, ask(desired))];
  await state.update(change(node.name, take), events);
  if (asked === undefined) return { kind: 'missing', reason: 'the update of its EEPROM was taken away' };
  log.warn('eeprom.sent', { node: node.name, image: sha256, times: asked.asks });
  return { kind: 'file', root: files.dir, path: eepromFileName(sha256), sizeBytes, sha256 };
}

const isSame = (one: EepromDesired, other: EepromDesired) =>
  one.image.sha256 === other.image.sha256 && one.timestampSeconds === other.timestampSeconds;

/** Of one node's record. */
function change(node: string, how: (record: EepromRecord) => EepromRecord): (state: State) => State {
  return (state) => ({ ...state, eeproms: { ...state.eeproms, [node]: how(state.eeproms[node] ?? noRecord) } });
}

function tell(log: Log, events: readonly NewEvent[]): void {
  for (const { kind, node, fields } of events) {
    if (kind === 'eeprom.failed') log.warn(kind, { node, ...fields });
    else log.info(kind, { node, ...fields });
  }
}
