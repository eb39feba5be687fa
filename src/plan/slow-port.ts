/**
 * How long did a board's switch port let nothing through? A port with spanning tree forwards some 30 s after its link came
 * up, and the link goes down when the kernel takes the card over. The initramfs asks for an address once it has a link,
 * every two seconds, and tells later when its kernel started: the first DISCOVER of it that arrives shows the gap.
 */
import type { Boot } from '../model/boot.ts';

/** Drivers, a card on USB and the link itself take less. */
const slowMs = 25_000;

export function portDelayMs({ phases, dhcp }: Pick<Boot, 'phases' | 'dhcp'>): number {
  const kernelAtMs = phases.find(({ phase }) => phase === 'kernel')?.atMs;
  const heardMs = dhcp?.system?.firstMs;
  return kernelAtMs === undefined || heardMs === undefined ? 0 : Math.max(heardMs - kernelAtMs, 0);
}

export const isSlowPort = (delayMs: number) => delayMs >= slowMs;

export const slowPortHint = () =>
  'Make it an edge port of the spanning tree ("portfast"), or switch spanning tree off there: firmware loses that time ' +
  'too, and a Pi 3 gives up before it has passed.';
