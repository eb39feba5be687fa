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

export interface GcInput {
  /** By image, newest first. */
  readonly images: ReadonlyMap<string, readonly ImageManifest[]>;
  readonly uses: readonly VersionUse[];
  /** How many of the newest versions of each image stay, used or not: to go back to. */
  readonly keep: number;
  readonly nowMs: number;
}

export interface GcDecision {
  readonly manifest: ImageManifest;
  /** Why it stays; empty when it goes. */
  readonly reasons: readonly string[];
}

/** An open file of a node that nobody has heard of any more; and time to notice that a version was needed. */
export const graceMs = 24 * 3_600_000;

export function planGc({ images, uses, keep, nowMs }: GcInput): GcDecision[] {
  return [...images.values()].flatMap((versions) =>
    versions.map((manifest, index) => ({
      manifest,
      reasons: [...newestReason(index, keep), ...useReasons(manifest, uses, nowMs)],
    })),
  );
}

function newestReason(index: number, keep: number): string[] {
  if (index >= keep) return [];
  return [index === 0 ? 'the newest version' : `one of the ${keep} newest`];
}

function useReasons({ name, version }: ImageManifest, uses: readonly VersionUse[], nowMs: number): string[] {
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
