/** Which of the two files of an EEPROM update does a board get? Its own, under its own prefix, while it is staged: nothing else. */
import type { Boot } from '../model/boot.ts';
import type { EepromDesired } from '../model/eeprom.ts';
import { macWithDashes } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import { encodeEepromSig } from '../wire/boot-sig.ts';
import { tokenForReading } from './boot-timeline.ts';
import { mostAsks } from './eeprom-rollout.ts';
import { chipOfBoard } from './eeprom-staging.ts';

export type EepromFileDecision =
  | { readonly kind: 'signature'; readonly text: string }
  | { readonly kind: 'image'; readonly desired: EepromDesired }
  /** As every other name that firmware would write into a flash. */
  | { readonly kind: 'none' };

export interface EepromFileRequest {
  /** Raw, as it came over the wire. */
  readonly path: string;
  /** Whose address it came from. */
  readonly node: NodeSpec;
  /** Open at that address. */
  readonly boot: Boot | undefined;
  readonly desired: EepromDesired | undefined;
}

const form = /^([0-9a-f]{8}|(?:[0-9a-f]{2}-){5}[0-9a-f]{2})\/pieeprom\.(sig|upd)$/;

const none: EepromFileDecision = { kind: 'none' };

export function decideEepromFile(request: EepromFileRequest): EepromFileDecision {
  const [, prefix, kind] = form.exec(request.path.toLowerCase()) ?? [];
  const { desired } = request;
  if (prefix === undefined || desired === undefined || !isForThisBoard(prefix, desired, request)) return none;
  if (kind === 'upd') return desired.asks < mostAsks ? { kind: 'image', desired } : none;
  const { image, timestampSeconds } = desired;
  return { kind: 'signature', text: encodeEepromSig({ sha256: image.sha256, timestampSeconds, chip: image.chip }) };
}

function isForThisBoard(prefix: string, desired: EepromDesired, { node, boot }: EepromFileRequest): boolean {
  if (boot === undefined || !handedOut.has(desired.state)) return false;
  return isOwnPrefix(prefix, node, desired) && isSameBoard(node, boot, desired) && isInFirmware(node, boot);
}

const handedOut: ReadonlySet<EepromDesired['state']> = new Set(['staged', 'asked']);

/** Once a kernel runs there, any user of that node could ask. */
function isInFirmware({ name, address }: NodeSpec, boot: Boot): boolean {
  const isOpen = boot.closed === undefined && boot.node === name && boot.address === address;
  return isOpen && tokenForReading(boot) !== undefined;
}

function isOwnPrefix(prefix: string, { serial, mac }: NodeSpec, desired: EepromDesired): boolean {
  if (serial !== desired.serial) return false;
  return prefix === serial || (mac !== undefined && prefix === macWithDashes(mac));
}

/** By its description, and by what the board said of itself when it asked for an address. */
function isSameBoard({ board }: NodeSpec, { dhcp }: Boot, { image }: EepromDesired): boolean {
  const said = dhcp?.board;
  return chipOfBoard[board] === image.chip && (said === undefined || said === board);
}
