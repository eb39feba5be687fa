/** Which files did a board begin to load, and not have to the end? The last of them is where it stopped. */
import type { Boot } from '../model/boot.ts';

export type UnfinishedFile = Omit<NonNullable<Boot['unfinished']>[number], 'atMs'>;

/** A board asks for one file after the other; more than a few of these are tries. */
const maxNoted = 4;

/** It came to its end after all. */
export function forgetUnfinished(boot: Boot, file: string | undefined): Boot {
  const { unfinished, ...rest } = boot;
  const left = unfinished?.filter((each) => each.file !== file) ?? [];
  if (left.length === (unfinished?.length ?? 0)) return boot;
  return left.length === 0 ? rest : { ...rest, unfinished: left };
}

export function noteUnfinished(boot: Boot, file: UnfinishedFile, nowMs: number): Boot {
  if (boot.closed !== undefined || file.bytes === 0) return boot;
  const others = (boot.unfinished ?? []).filter((each) => each.file !== file.file);
  return { ...boot, unfinished: [...others, { ...file, atMs: nowMs }].slice(-maxNoted) };
}
