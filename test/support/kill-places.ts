/** A command that is killed at places of the program, one after the other, each time on the same state; and what comes after it. */
import type { BuildLab } from './build-lab.ts';

export interface Undisturbed {
  /** Each place of the program that changes a file or starts a program. */
  readonly places: readonly string[];
  /** What lies there in the end. */
  readonly listing: readonly string[];
  /** Over all files of the newest version. */
  readonly digest: string | undefined;
}

/** What it leaves when nobody kills it. */
export async function runUndisturbed(lab: BuildLab, command: readonly string[]): Promise<Undisturbed> {
  const places = await lab.record(...command);
  return { places, listing: await lab.listing(), digest: await lab.digest() };
}

interface KillCase {
  readonly from: string;
  readonly command: readonly string[];
  /** What has to be as it was, and is not in the state. */
  readonly prepare?: () => Promise<unknown>;
}

/**
 * Kills it at each place, on the state that was saved as `from`: old versions stay whole, nothing half-made is shown, and the
 * same command leaves afterwards what it leaves when nobody kills it. @returns the places where it is not so
 */
export async function brokenPlaces(
  lab: BuildLab,
  { places, listing, digest }: Undisturbed,
  { from, command, prepare }: KillCase,
): Promise<unknown[]> {
  const broken: unknown[] = [];
  for (const place of places) {
    await lab.restore(from);
    await prepare?.();
    const { versions } = await lab.look();
    const ended = await lab.kill(place, ...command);
    const seen = await lab.look();
    const next = await lab.command(...command).catch((error: Error) => error);
    const left = next instanceof Error ? [] : await lab.listing();
    const remains = [
      ...left.filter((name) => !listing.includes(name)),
      ...listing.filter((name) => !left.includes(name)),
    ];
    const isSame = (await lab.digest()) === digest;
    const isWell =
      ended.kind === 'killed' &&
      !(next instanceof Error) &&
      isSame &&
      seen.problems.length + remains.length + (await lab.look()).problems.length === 0 &&
      versions.every((version) => seen.versions.includes(version));
    if (!isWell) broken.push({ place, ended, seen, next, remains, isSame });
  }
  return broken;
}

/** Of the places in one file of the program the middle one. */
export function onePerFile(all: readonly string[]): string[] {
  const files = new Map<string, string[]>();
  for (const place of all) {
    const [file = ''] = /\w+\/[\w-]+\.js(?=:\d+$)|build\/[\w-]+\.js/.exec(place) ?? [];
    files.set(file, [...(files.get(file) ?? []), place]);
  }
  const middles = new Set([...files.values()].map((own) => own[Math.floor(own.length / 2)]));
  return all.filter((place) => middles.has(place));
}
