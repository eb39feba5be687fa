/** How a loader with ENABLE_SELF_UPDATE=1 writes its own flash: release notes of rpi-eeprom, 2020-10-28 and 2024-05-17. */
import { createHash } from 'node:crypto';

import type { RackBoard } from '../model/rack-spec.ts';

export interface Flash {
  content: Uint8Array;
  /** `ts:` of the update that wrote it. */
  updatedAtSeconds: number;
}

type Asking = Generator<{ readonly path: string; readonly mode: 'load' }, boolean, Uint8Array | undefined>;

/** @returns whether it has written its flash, after which it resets */
export function* selfUpdate(flash: Flash | undefined, board: RackBoard, prefix: string): Asking {
  if (flash === undefined) return false;
  const signature = yield { path: `${prefix}pieeprom.sig`, mode: 'load' };
  if (signature === undefined) return false;
  const [sha256, ...lines] = Buffer.from(signature).toString('latin1').split('\n');
  const fields = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
  const timestamp = Number(fields.get('ts') ?? 0);
  if (timestamp <= flash.updatedAtSeconds) return false;
  if ((fields.get('target-soc') ?? chips[board]) !== chips[board]) return false;
  const image = yield { path: `${prefix}pieeprom.upd`, mode: 'load' };
  if (image === undefined || createHash('sha256').update(image).digest('hex') !== sha256) return false;
  flash.content = image;
  flash.updatedAtSeconds = timestamp;
  return true;
}

const chips: Readonly<Record<RackBoard, string>> = { pi3: '2710', pi4: '2711', pi5: '2712' };
