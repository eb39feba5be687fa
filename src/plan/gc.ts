/** What may go from the store? Never what a role, a pin, a boot, a kept generation or a node uses, or has used within a day. */
import type { ImageManifest } from '../model/manifest.ts';

/** Who needs a version, and since when no more. */
export interface VersionUse {
  /** `debian-lite@20261121.1` */
  readonly image: string;
  readonly why: string;
  /** undefined: it is in use now. */
  readonly endedMs?: number;
}

/** A version in the store. One whose manifest is damaged has its name alone: it may be made of anything. */
export type GcVersion = Pick<ImageManifest, 'name' | 'version' | 'index' | 'layers'>;

type ByImage<T> = ReadonlyMap<string, readonly T[]>;

export interface GcInput {
  /** By image, newest first: all that there are. */
  readonly images: ByImage<GcVersion>;
  /** Those of them that nodes are offered. What is not may be signed yet, or never be good again. */
  readonly offered: ByImage<Pick<ImageManifest, 'version'>>;
  readonly uses: readonly VersionUse[];
  /** How many of the newest versions of each image stay, used or not: to go back to. */
  readonly keep: number;
  readonly nowMs: number;
}

export interface GcDecision {
  readonly manifest: GcVersion;
  /** Why it stays; empty when it goes. */
  readonly reasons: readonly string[];
}

/** An open file of a node that nobody has heard of any more; and time to notice that a version was needed. */
export const graceMs = 24 * 3_600_000;

export function planGc({ images, offered, uses, keep, nowMs }: GcInput): GcDecision[] {
  return [...images].flatMap(([name, versions]) =>
    versions.map((manifest, index) => {
      const offeredIndex = offered.get(name)?.findIndex(({ version }) => version === manifest.version) ?? -1;
      const newest = newestReason({ index, offeredIndex, keep });
      return { manifest, reasons: [...newest, ...useReasons(manifest, uses, nowMs)] };
    }),
  );
}

interface Rank {
  readonly index: number;
  /** Among those that are offered; -1: it is not. */
  readonly offeredIndex: number;
  readonly keep: number;
}

/** Versions that nobody boots take no place from those that there are to go back to. */
function newestReason({ index, offeredIndex, keep }: Rank): string[] {
  if (index < keep) return [index === 0 ? 'the newest version' : `one of the ${keep} newest`];
  if (offeredIndex < 0 || offeredIndex >= keep) return [];
  return [
    offeredIndex === 0 ? 'the newest that nodes are offered' : `one of the ${keep} newest that nodes are offered`,
  ];
}

function useReasons({ name, version }: GcVersion, uses: readonly VersionUse[], nowMs: number): string[] {
  const own = uses.filter(({ image }) => image === `${name}@${version}`);
  const reasons = own.flatMap(({ why, endedMs }) => {
    if (endedMs === undefined) return [why];
    return nowMs - endedMs < graceMs ? [`${why} until ${hoursAgo(nowMs - endedMs)}`] : [];
  });
  return [...new Set(reasons)];
}

function hoursAgo(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  return hours < 1 ? 'less than an hour ago' : `${hours} h ago`;
}

/** Layers and package files that builds have left, by name, with the time of their making. */
export interface CachedPart {
  readonly name: string;
  readonly madeMs: number;
}

/** Those that no version that stays was made of, and no lock names. What is younger than a day may belong to a build to come. */
export function planCacheGc(parts: readonly CachedPart[], needed: ReadonlySet<string>, nowMs: number): string[] {
  return parts.flatMap(({ name, madeMs }) => (needed.has(name) || nowMs - madeMs < graceMs ? [] : [name]));
}
