/** May this node get that EEPROM image? Refuses what would leave a board that no longer boots from here. */
import type { BoardName } from '../model/board.ts';
import { RefusedError } from '../model/errors.ts';
import type { EepromChip, EepromDesired, EepromImage, EepromRecord } from '../model/eeprom.ts';
import type { NodeSpec } from '../model/node.ts';
import { bootsFromNetwork, parseBootConf, settingOf, type BootConfSetting } from '../wire/boot-conf.ts';

/** Boards whose loader lies in a flash that it updates itself. */
export const chipOfBoard: Readonly<Record<BoardName, EepromChip | undefined>> = {
  pi3: undefined,
  pi4: '2711',
  pi5: '2712',
  uefi: undefined,
};

const titles: Readonly<Record<EepromChip, string>> = { '2711': 'Pi 4', '2712': 'Pi 5' };

export interface Staging {
  readonly node: NodeSpec;
  readonly record: EepromRecord;
  readonly image: EepromImage;
  /** bootconf.txt of that image. */
  readonly config: string;
  readonly waitsFor: readonly string[];
  readonly nowMs: number;
}

/** @throws RefusedError with what to do instead */
export function stageEeprom(staging: Staging): EepromDesired {
  const { node, record, image, waitsFor, nowMs } = staging;
  const serial = requireBoard(node, image);
  requireNetworkBoot(image, parseBootConf(staging.config));
  requireSelfUpdate(node, record);
  if (record.desired?.state === 'asked') {
    throw new RefusedError(`${node.name} has asked for its EEPROM image and may be writing it`, {
      hint: 'Wait until it is back, or take it away with "pi-image node eeprom cancel".',
    });
  }
  if (waitsFor.includes(node.name)) throw new RefusedError(`${node.name} cannot wait for itself`);
  const desired = { image, serial, waitsFor: [...waitsFor], timestampSeconds: 0, sinceMs: nowMs, asks: 0 };
  const waiting = { ...desired, state: 'waiting', reason: `waits for ${waitsFor.join(', ')}` } as const;
  return waitsFor.length > 0 ? waiting : toStaged(waiting, record, nowMs);
}

/** From now on its board gets the image. A loader takes only what is newer than the update that it has. */
export function toStaged(desired: EepromDesired, { report }: EepromRecord, nowMs: number): EepromDesired {
  const { reason: _reason, hint: _hint, ...rest } = desired;
  const newer = Math.max(Math.floor(nowMs / 1000), (report?.updatedAtSeconds ?? 0) + 1);
  return { ...rest, state: 'staged', waitsFor: [], timestampSeconds: newer, sinceMs: nowMs, stagedAtMs: nowMs };
}

/** @returns the serial */
function requireBoard({ name, board, serial }: NodeSpec, image: EepromImage): string {
  const chip = chipOfBoard[board];
  if (chip === undefined) throw new RefusedError(`${name} is a ${board}, which has no EEPROM that could be updated`);
  if (chip !== image.chip) {
    throw new RefusedError(`${name} is a ${board}, and the image is for a ${titles[image.chip]} (${image.chip})`);
  }
  if (serial !== undefined) return serial;
  throw new RefusedError(`the serial of ${name} is not known, and its board asks for updates under it`, {
    hint: `Set it: "pi-image node set ${name} --serial …" (the last eight digits in /proc/cpuinfo).`,
  });
}

/** The image brings its own bootconf.txt, and the one of Raspberry Pi's images boots from SD card and USB alone. */
function requireNetworkBoot({ chip }: EepromImage, settings: readonly BootConfSetting[]): void {
  const orders = settings.filter(({ name, filter }) => name === 'BOOT_ORDER' && filter !== 'none');
  const bad = orders.find(({ value }) => !bootsFromNetwork(value));
  if (bad === undefined && settingOf(settings, 'BOOT_ORDER') !== undefined) return;
  const found = bad === undefined ? 'has no BOOT_ORDER' : `says BOOT_ORDER=${bad.value}`;
  throw new RefusedError(`bootconf.txt of the image ${found}: the board would boot from the network no more`, {
    hint:
      'Give it one with --config FILE, for example with BOOT_ORDER=0xf21, or keep what each node has with --keep-config.' +
      (chip === '2711' ? '' : ' On a Pi 5 0xf2461 tries NVMe, USB and the network.'),
  });
}

/** What its loader has been told never to do. */
function requireSelfUpdate({ name }: NodeSpec, { report }: EepromRecord): void {
  const settings = parseBootConf(report?.config ?? '');
  const reason = ['ENABLE_SELF_UPDATE=0', 'FREEZE_VERSION=1'].find((line) => {
    const [setting = '', value] = line.split('=');
    return settingOf(settings, setting) === value;
  });
  if (reason === undefined) return;
  throw new RefusedError(`the EEPROM of ${name} has ${reason}: it never looks for an update on the network`, {
    hint: `Update it on ${name} itself, with rpi-eeprom-update and rpi-eeprom-config.`,
  });
}
