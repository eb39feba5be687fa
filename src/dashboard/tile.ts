/** What the board of one node shows in the rack: a few words, a tone, how far its boot is. */
import type { NodeTile } from '../api/schemas/watch.ts';
import { bootPhases, type BootPhase } from '../model/boot-phase.ts';
import { splitImage } from './words.ts';

/** Colours by meaning; the style sheet has them for light and dark. */
export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'quiet';

export const toneOf: Readonly<Record<NodeTile['state'], Tone>> = {
  ready: 'good',
  up: 'good',
  booting: 'busy',
  waiting: 'wait',
  failed: 'bad',
  silent: 'bad',
  refused: 'bad',
  new: 'quiet',
};

/** In the order in which people want to hear of them. */
export const states = ['failed', 'refused', 'silent', 'waiting', 'booting', 'ready', 'up', 'new'] as const;

/** Colour alone says nothing to some: each state has a sign of its own. */
export const signOf: Readonly<Record<NodeTile['state'], string>> = {
  ready: '✓',
  up: '✓',
  booting: '↻',
  waiting: '…',
  failed: '✕',
  silent: '?',
  refused: '!',
  new: '·',
};

const order = bootPhases.filter((phase) => phase !== 'failed');

export interface ShownTile {
  readonly name: string;
  readonly state: NodeTile['state'];
  readonly tone: Tone;
  readonly sign: string;
  /** Its state, or the phase that its boot is in. */
  readonly status: string;
  readonly role: string;
  /** Of the image that it runs or, before that, is to run. */
  readonly version: string;
  readonly isOutdated: boolean;
  readonly temperature: string;
  readonly heat: 'cool' | 'warm' | 'hot' | undefined;
  readonly port: string;
  /** 0 to 1 while it boots. */
  readonly progress: number | undefined;
  /** All of it as one sentence, for those who hear it. */
  readonly label: string;
}

export function showTile(tile: NodeTile): ShownTile {
  const { name, state, role, power } = tile;
  const shown = {
    name,
    state,
    tone: toneOf[state],
    sign: signOf[state],
    role,
    ...statusOf(tile),
    version: splitImage(tile.image ?? tile.next ?? '').version,
    isOutdated: tile.image !== undefined && tile.next !== undefined,
    temperature: tile.temperatureCelsius === undefined ? '' : `${tile.temperatureCelsius} °C`,
    heat: heatOf(tile),
    port: power === undefined ? '' : `${power.switch}/${power.port}`,
  };
  return { ...shown, label: labelOf(shown, tile) };
}

function statusOf({ state, boot }: NodeTile): Pick<ShownTile, 'status' | 'progress'> {
  const isBooting = boot?.isOpen === true && (state === 'booting' || state === 'waiting');
  return {
    status: state === 'booting' && boot !== undefined ? boot.phase : state,
    progress: isBooting ? progressAt(boot.phase) : undefined,
  };
}

/** From 80 °C on a Pi slows down by itself. */
const hotCelsius = 78;
const warmCelsius = 65;
/** Under-voltage, frequency capped, throttled, soft temperature limit: now, not some time ago. */
const heldBackNow = 0xf;

function heatOf({ temperatureCelsius: celsius, throttled = 0 }: NodeTile): ShownTile['heat'] {
  if (celsius === undefined) return undefined;
  if (celsius >= hotCelsius || (throttled & heldBackNow) !== 0) return 'hot';
  return celsius >= warmCelsius ? 'warm' : 'cool';
}

export function progressAt(phase: BootPhase): number {
  return (
    (Math.max(
      0,
      order.findIndex((each) => each === phase),
    ) +
      1) /
    order.length
  );
}

function labelOf(shown: Omit<ShownTile, 'label'>, { reason, image, next }: NodeTile): string {
  const words = [
    shown.status === shown.state ? shown.state : `${shown.state}, ${shown.status}`,
    `role ${shown.role}`,
    shown.version === '' ? '' : `image ${image ?? next ?? ''}`,
    shown.isOutdated ? `next boot ${next ?? ''}` : '',
    shown.temperature,
    shown.port === '' ? '' : `port ${shown.port}`,
    reason ?? '',
  ];
  return `${shown.name}: ${words.filter((word) => word !== '').join(', ')}`;
}
