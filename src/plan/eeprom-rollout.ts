/** How far are updates of EEPROMs? Canaries first: the others wait until those are back. Records in, records out. */
import type { Boot } from '../model/boot.ts';
import type { EepromDesired, EepromRecord, EepromReport } from '../model/eeprom.ts';
import type { NewEvent } from '../model/event.ts';
import type { NodeSpec } from '../model/node.ts';
import { chipOfBoard, toStaged } from './eeprom-staging.ts';

export type EepromRecords = Readonly<Record<string, EepromRecord>>;

export interface RolloutFacts {
  readonly nodes: readonly NodeSpec[];
  /** The newest boot of a node. */
  readonly lastBoot: (node: string) => Boot | undefined;
  readonly nowMs: number;
}

export interface Advanced {
  /** The same object when nothing has changed. */
  readonly records: EepromRecords;
  readonly events: readonly NewEvent[];
}

/** Writing takes ten seconds to a minute, and after it comes a boot. */
export const comeBackMs = 10 * 60_000;

/** Lost packets cost an attempt; a loader that writes the same again and again must not. */
export const mostAsks = 5;

export function advanceEeproms(records: EepromRecords, facts: RolloutFacts): Advanced {
  const nodes = new Map(facts.nodes.map((node) => [node.name, node]));
  const advanced: Record<string, EepromRecord> = {};
  const events: NewEvent[] = [];
  let isSame = true;
  for (const [name, record] of Object.entries(records)) {
    const node = nodes.get(name);
    const after = node && advance(node, record, records, facts);
    if (after !== undefined) advanced[name] = after;
    if (after === record) continue;
    isSame = false;
    const { desired } = after ?? {};
    if (desired !== undefined && desired.state !== record.desired?.state) events.push(eepromEvent(name, desired));
  }
  return { records: isSame ? records : advanced, events };
}

export function eepromEvent(node: string, desired: EepromDesired): NewEvent {
  const { state, image, reason } = desired;
  return {
    kind: `eeprom.${state}`,
    node,
    fields: { image: image.sha256, built: isoDate(image.builtAtSeconds), reason },
  };
}

export const isoDate = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

function advance(node: NodeSpec, record: EepromRecord, all: EepromRecords, facts: RolloutFacts): EepromRecord {
  const { desired } = record;
  if (desired === undefined || desired.state === 'updated' || desired.state === 'failed') return record;
  const isOther = node.serial !== desired.serial || chipOfBoard[node.board] !== desired.image.chip;
  const next = isOther
    ? failed(desired, `${node.name} is another board than the one that this was staged for`, 'Stage it again.', facts)
    : steps[desired.state](node, desired, { record, all, facts });
  return next === desired ? record : { ...record, desired: next };
}

interface Around {
  readonly record: EepromRecord;
  readonly all: EepromRecords;
  readonly facts: RolloutFacts;
}

type Step = (node: NodeSpec, desired: EepromDesired, around: Around) => EepromDesired;

const steps: Readonly<Record<'waiting' | 'staged' | 'asked', Step>> = {
  waiting: (_node, desired, { record, all, facts }) => {
    const stop = desired.waitsFor.map((name) => stopOf(name, desired, all[name]?.desired)).find(Boolean);
    if (stop === undefined) return toStaged(desired, record, facts.nowMs);
    const { reason, hint } = stop;
    if (reason === desired.reason) return desired;
    const { hint: _hint, ...rest } = desired;
    return { ...rest, reason, ...(hint !== undefined && { hint }) };
  },
  staged: ({ name }, desired, { record: { report }, facts }) => {
    const { stagedAtMs = 0 } = desired;
    const boot = facts.lastBoot(name);
    const isOfLaterBoot = boot !== undefined && boot.id === report?.boot && boot.startedAtMs > stagedAtMs;
    if (!isOfLaterBoot) return desired;
    // Somebody was quicker, or a report of the boot that asked was lost with the service.
    if (hasUpdate(report, desired)) return comeBack(desired, boot, facts);
    return failed(desired, 'it booted, and did not ask for its update', neverAsked, facts);
  },
  asked: ({ name }, desired, { record: { report }, facts }) => {
    const { askedAtMs = 0 } = desired;
    const boot = facts.lastBoot(name);
    if (report !== undefined && report.atMs > askedAtMs) {
      if (!hasUpdate(report, desired))
        return failed(desired, `it booted with the old one, of ${isoDate(report.builtAtSeconds)}`, notTaken, facts);
      if (boot?.id === report.boot) return comeBack(desired, boot, facts);
    }
    if (facts.nowMs - askedAtMs < comeBackMs) return desired;
    const cause =
      report !== undefined && report.atMs > askedAtMs
        ? 'it has the new one, and did not become ready'
        : 'it took its update, and did not come back';
    return failed(desired, `${cause} within ${comeBackMs / 60_000} minutes`, lookAtBoard, facts);
  },
};

function comeBack(desired: EepromDesired, boot: Boot, facts: RolloutFacts): EepromDesired {
  const { askedAtMs = facts.nowMs } = desired;
  if (boot.closed?.reason === 'ready') return { ...withoutReason(desired), state: 'updated', sinceMs: facts.nowMs };
  if (boot.closed === undefined || facts.nowMs - askedAtMs < comeBackMs) return desired;
  return failed(
    desired,
    `it has the new one, and did not become ready: ${boot.closed.cause ?? boot.closed.reason}`,
    lookAtBoard,
    facts,
  );
}

/** A loader that says when it was updated says which update that was; an older one only when it was built. */
function hasUpdate(report: EepromReport, { image, timestampSeconds }: EepromDesired): boolean {
  if (report.builtAtSeconds !== image.builtAtSeconds) return false;
  return report.updatedAtSeconds === undefined || report.updatedAtSeconds === timestampSeconds;
}

type Stop = { readonly reason: string; readonly hint?: string };

/** undefined: that canary is done. */
function stopOf(name: string, { image }: EepromDesired, canary: EepromDesired | undefined): Stop | undefined {
  if (canary === undefined || canary.image.sourceSha256 !== image.sourceSha256) {
    return { reason: `${name} is no longer to get this image`, hint: decide };
  }
  if (canary.state === 'failed') return { reason: `${name} failed: ${canary.reason ?? ''}`, hint: decide };
  return canary.state === 'updated' ? undefined : { reason: `waits for ${name}` };
}

function failed(
  desired: EepromDesired,
  reason: string,
  hint: string,
  { nowMs }: Pick<RolloutFacts, 'nowMs'>,
): EepromDesired {
  return { ...desired, state: 'failed', sinceMs: nowMs, reason, hint };
}

function withoutReason({ reason: _reason, hint: _hint, ...rest }: EepromDesired): EepromDesired {
  return rest;
}

const decide = 'Look at that node; then "pi-image node eeprom continue" goes on without it, and "cancel" gives up.';
const neverAsked =
  'Its EEPROM may have ENABLE_SELF_UPDATE=0 or FREEZE_VERSION=1, its config.txt bootloader_update=0, or it boots over ' +
  'HTTP, where no loader looks for updates.';
const notTaken =
  'Its flash may be write-protected (eeprom_write_protect, or the test point TP5), or the image is no newer for it.';
const lookAtBoard =
  'Look at its screen or serial console. A board whose flash was written half starts from an SD card with ' +
  "Raspberry Pi's EEPROM recovery image.";
