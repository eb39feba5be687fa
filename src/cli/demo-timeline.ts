/** Boot timelines as text: what the service knows of each board, in seconds after it was switched on. */
import type { PublicBoot } from '../model/node-status.ts';

export interface BoardBoots {
  readonly name: string;
  /** Newest first, as the API gives them. */
  readonly boots: readonly PublicBoot[];
}

/** `12.3 s  root  /images/debian-lite/…` */
export function renderTimeline(boards: readonly BoardBoots[], powerOnMs: number): string {
  return boards.map((board) => renderBoard(board, powerOnMs)).join('');
}

function renderBoard({ name, boots }: BoardBoots, powerOnMs: number): string {
  const [boot] = boots;
  if (boot === undefined) return `${name}: the service knows of no boot\n`;
  const megabytes = (boot.bytes / 1e6).toFixed(1);
  const lines = boot.phases.map(({ phase, atMs, detail }) => {
    const seconds = ((atMs - powerOnMs) / 1000).toFixed(1).padStart(7);
    return `${seconds} s  ${phase.padEnd(10)}${detail ?? ''}`.trimEnd();
  });
  const head = `${name} (${boot.address}, ${boot.files} files, ${megabytes} MB over TFTP)`;
  return `${[head, ...lines].join('\n')}\n`;
}

/** Phases that are new since `seen` of them were told. */
export function newPhases(boot: PublicBoot | undefined, seen: number): PublicBoot['phases'] {
  return boot?.phases.slice(seen) ?? [];
}
