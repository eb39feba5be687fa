/** Stages updates of EEPROMs and takes them away: the bytes are on the disk before the change that names them. */
import type { EepromFiles } from '../host/eeprom-files.ts';
import type { ChangeOptions, Tagged } from '../model/change.ts';
import type { EepromDesired, EepromRecord } from '../model/eeprom.ts';
import { RefusedError } from '../model/errors.ts';
import type { NodeSpec } from '../model/node.ts';
import { nodesWithMacs, type State } from '../model/state.ts';
import { planEepromImage, type PlannedEeprom } from '../plan/eeprom-image.ts';
import { eepromEvent } from '../plan/eeprom-rollout.ts';
import { stageEeprom } from '../plan/eeprom-staging.ts';
import { viewEeprom, type EepromView } from '../plan/eeprom-view.ts';
import { etagOf, requireMatch } from '../plan/etag.ts';
import { commit, nodeNamed, type Fleet } from './fleet.ts';

export interface EepromWish {
  /** Base64. null: take away what is staged. undefined: the image that is staged already. */
  readonly image?: string | null | undefined;
  readonly config?: string | undefined;
  readonly keepConfig: boolean;
  readonly waitsFor: readonly string[];
}

export interface EepromEdits extends Pick<Fleet, 'state'> {
  readonly files: Pick<EepromFiles, 'keep' | 'read'>;
  readonly now: () => number;
}

export type EepromChange = EepromView & { readonly dryRun: boolean };

export async function setEeprom(
  name: string,
  wish: EepromWish,
  options: ChangeOptions,
  deps: EepromEdits,
): Promise<Tagged<EepromChange>> {
  const { state, files, now } = deps;
  const before = recordOf(state.current(), name);
  const made = await makeImage(nodeIn(state.current(), name), before, wish, deps);
  if (made !== undefined && !options.dryRun) await files.keep(made.bytes);
  const edit = (current: State) => {
    const node = nodeIn(current, name);
    requireMatch(`node ${name}`, node, options.ifMatch);
    for (const other of wish.waitsFor) nodeIn(current, other);
    const record = recordOf(current, name);
    const { waitsFor } = wish;
    const desired = made && stageEeprom({ ...made, node, record, waitsFor, nowMs: now() });
    const { desired: _before, ...rest } = record;
    const after: EepromRecord = desired === undefined ? rest : { ...rest, desired };
    return {
      state: { ...current, eeproms: { ...current.eeproms, [name]: after } },
      events: eventsOf(name, desired, record, options),
      answer: { ...viewEeprom(node, after), dryRun: options.dryRun },
    };
  };
  const { answer, state: after } = await commit({ state }, edit, options);
  return { answer, etag: etagOf(nodeIn(after, name)) };
}

const nodeIn = (state: State, name: string): NodeSpec => nodeNamed(name, nodesWithMacs(state));

const recordOf = ({ eeproms }: State, name: string): EepromRecord => eeproms[name] ?? {};

function eventsOf(node: string, desired: EepromDesired | undefined, record: EepromRecord, { by }: ChangeOptions) {
  if (desired === undefined)
    return record.desired === undefined ? [] : [{ kind: 'eeprom.cancelled', node, fields: { by } }];
  const event = eepromEvent(node, desired);
  return [{ ...event, fields: { ...event.fields, by } }];
}

/** undefined: nothing is wanted any more. */
async function makeImage(
  { name }: NodeSpec,
  { report, desired }: EepromRecord,
  { image, config, keepConfig }: EepromWish,
  { files }: EepromEdits,
): Promise<PlannedEeprom | undefined> {
  if (image === null) return undefined;
  if (image === undefined) {
    if (desired === undefined) throw new RefusedError(`nothing is staged for the EEPROM of ${name}`);
    const bytes = await files.read(desired.image.sha256);
    return { ...planEepromImage(bytes, undefined), image: desired.image };
  }
  if (keepConfig && report?.config === undefined) {
    throw new RefusedError(`${name} has not reported its bootconf.txt, so it cannot be kept`, {
      hint: 'Give it one with --config FILE. Nodes report it where their kernel has the module nvmem_rmem.',
    });
  }
  return planEepromImage(Buffer.from(image, 'base64'), keepConfig ? report?.config : config);
}
