/** Where a node stands, as far as the service knows: for the API and the command line. Schema = type = what the API documents. */
import { z } from 'zod';

import { Boot, systemPhases } from './boot.ts';
import { RootMode } from './root-mode.ts';

/** A boot as everybody may read it: what authorises its node is left out. */
export const PublicBoot = Boot.omit({ token: true, key: true, nonce: true });
export type PublicBoot = Readonly<z.infer<typeof PublicBoot>>;

/** How a path of the overlay differs on a node from what it was given. */
export const DriftedFile = z.strictObject({
  path: z.string(),
  /** `changed`: its content, or its target. `attributes`: type, mode or owner. */
  what: z.enum(['changed', 'missing', 'attributes']),
});
export type DriftedFile = Readonly<z.infer<typeof DriftedFile>>;

/** What a node found when it compared the files of its overlay with what it was given. */
export const Drift = z.strictObject({
  /** Of its uptime. */
  checkedAtSeconds: z.number(),
  /** sha256 of the list that it compared with: all files of its overlay as they are to be. */
  overlayDigest: z.string().optional(),
  /** How many paths differ; not all may be named. */
  count: z.number(),
  files: z.array(DriftedFile),
});
export type Drift = Readonly<z.infer<typeof Drift>>;

/** What a running node said of itself last; it does so every 10 s. Kept in memory only. */
export const Heartbeat = z.strictObject({
  /** Id of the boot that it runs. */
  boot: z.string(),
  atMs: z.number(),
  /** Where it stands now: a node that was ready may wait or fail later. */
  phase: z.enum(systemPhases),
  /** What it waits for, or what failed. */
  detail: z.string().optional(),
  uptimeSeconds: z.number(),
  /** Of the last minute. */
  load: z.number(),
  temperatureCelsius: z.number().optional(),
  /** What holds the board back, as its firmware says it in bits: 0 is under-voltage; from 16 on the same since it was switched on. */
  throttled: z.int().optional(),
  /** Digest of the live part that it has applied. */
  liveDigest: z.string().optional(),
  /** Which munge key its munged has read: a digest of it under the key of its boot, so that nobody learns the one from the other. */
  mungeProof: z.string().optional(),
  /** undefined before its first look, and where its agent does not look. */
  drift: Drift.optional(),
  generation: z.string(),
});
export type Heartbeat = Readonly<z.infer<typeof Heartbeat>>;

export const NodeStatus = z.strictObject({
  /**
   * `ready`: the units of its role are active. `waiting`: for something outside it. `up`: its last boot applied its
   * overlay, and its role brings no agent that would say more. `silent`: it stopped in the middle, or its heartbeat did.
   * `new`: it never booted.
   */
  state: z.enum(['new', 'booting', 'waiting', 'ready', 'up', 'failed', 'silent', 'refused']),
  /** Where it was seen last; undefined where that is the address that it is to have. */
  address: z.string().optional(),
  /** What it would boot now; undefined when that is refused. `root` is missing where it is `shared`. */
  desired: z.strictObject({ generation: z.string(), image: z.string(), root: RootMode.optional() }).optional(),
  /** What it runs as far as it has said. */
  running: z
    .strictObject({ generation: z.string(), image: z.string(), role: z.string(), root: RootMode.optional() })
    .optional(),
  lastBoot: PublicBoot.optional(),
  /** Of the boot that it runs; undefined before the first, and for half a minute after the service has started. */
  heartbeat: Heartbeat.optional(),
  /** It was to reboot and could not be told; undefined once it boots, or is told again. */
  rebootFailed: z.strictObject({ atMs: z.number(), reason: z.string(), hint: z.string().optional() }).optional(),
  /** Why it cannot boot, or why its last boot failed. */
  reason: z.string().optional(),
});
export type NodeStatus = Readonly<z.infer<typeof NodeStatus>>;
