/** One power-on's timeline, as far as the service knows it. */
import { z } from 'zod';

import { bootPhases } from './boot-phase.ts';

/** What the initramfs reports, under the boot's token; the earlier phases are seen by the service. */
export const initramfsPhases = ['kernel', 'network', 'root', 'overlay', 'failed'] as const;

/** What the system that it started reports, under the boot's key. `detail` says what is waited for, or what failed. */
export const systemPhases = ['userspace', 'waiting', 'ready', 'failed'] as const;
type SystemPhase = (typeof systemPhases)[number];

export type ReportedPhase = (typeof initramfsPhases)[number] | SystemPhase;

/** How often something came, and when. */
const DhcpCount = z.strictObject({ count: z.int(), firstMs: z.number(), lastMs: z.number() });
export type DhcpCount = Readonly<z.infer<typeof DhcpCount>>;

/** What DHCP saw of a board while its boot was open. */
export const DhcpSeen = z.strictObject({
  /** Of its firmware; what is answered to its kernel later is not counted. */
  discover: DhcpCount.optional(),
  offer: DhcpCount.optional(),
  request: DhcpCount.optional(),
  ack: DhcpCount.optional(),
  nak: DhcpCount.optional(),
  /** DISCOVER of the kernel's system. */
  system: DhcpCount.optional(),
  /** Addresses of other DHCP servers that answered it, or that it chose. */
  foreignServers: z.array(z.string()).optional(),
  /** What the board says it is. */
  board: z.string().optional(),
  /** Of its revision code. */
  memoryMib: z.int().optional(),
});
export type DhcpSeen = Readonly<z.infer<typeof DhcpSeen>>;

const UnfinishedFile = z.strictObject({
  file: z.string(),
  sizeBytes: z.number(),
  bytes: z.number(),
  blockSizeBytes: z.int(),
  /** From the request on. */
  durationMs: z.number().optional(),
  atMs: z.number(),
});

export const Boot = z.strictObject({
  id: z.string(),
  node: z.string(),
  mac: z.string(),
  address: z.string(),
  generation: z.string(),
  /** `name@version` and role of that generation, for people who look back. */
  image: z.string().optional(),
  role: z.string().optional(),
  startedAtMs: z.number(),
  /** undefined after `overlay` was reported or the time is over. */
  token: z.string().optional(),
  tokenExpiresAtMs: z.number(),
  /** Of a signed boot: what the initramfs said when it got the token. Nobody else gets it. */
  nonce: z.string().optional(),
  /** The node's word after `overlay`: in its overlay, for as long as it runs this boot. undefined: its role brings no agent. */
  key: z.string().optional(),
  /** Last sign of life: a packet, a file, a report. */
  lastSeenMs: z.number(),
  /** sha256 of the overlay.tar that was served last; the node reports what it applied. */
  overlaySha256: z.string().optional(),
  files: z.int(),
  bytes: z.int(),
  phases: z.array(z.strictObject({ phase: z.enum(bootPhases), atMs: z.number(), detail: z.string().optional() })),
  dhcp: DhcpSeen.optional(),
  /** What it asked for over TFTP or HTTP, needs, and did not get. */
  missing: z.array(z.strictObject({ file: z.string(), reason: z.string() })).optional(),
  /** What it began to load over TFTP and did not have to the end; `bytes` is what it confirmed. */
  unfinished: z.array(UnfinishedFile).optional(),
  /** Why its address was refused when it brought a token. */
  tokenRefused: z.string().optional(),
  /** Time in which we kept it waiting, because the service was down: no deadline counts it. */
  queued: z.strictObject({ ms: z.number(), untilMs: z.number() }).optional(),
  /** How it closed; undefined while it is open. */
  closed: z
    .strictObject({
      atMs: z.number(),
      reason: z.enum(['ready', 'failed', 'silent', 'restarted', 'handed-over']),
      /** Id of the rule that says why; docs/troubleshooting.md lists them. */
      rule: z.string().optional(),
      /** Why it did not become ready, as far as that can be told from here. */
      cause: z.string().optional(),
      /** What to do about it. */
      hint: z.string().optional(),
    })
    .optional(),
});
export type Boot = Readonly<z.infer<typeof Boot>>;
