/** What nodes send as forms, read and checked: phases of a boot, and heartbeats. */
import { initramfsPhases, systemPhases, type Boot } from '../model/boot.ts';
import { DriftedFile, type Drift } from '../model/node-status.ts';
import { nodePath } from '../model/overlay-spec.ts';
import type { PhaseReport } from '../plan/boot-timeline.ts';
import type { TokenRequest } from '../plan/boot-token.ts';
import type { HeartbeatReport } from './heartbeats.ts';

export type Read<T> =
  | { readonly kind: 'report'; readonly report: T }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

/** Who speaks: the initramfs under the boot's token, or the system that it started under the boot's key. */
export type Speaker = 'initramfs' | 'system';

const phasesOf = { initramfs: initramfsPhases, system: systemPhases } as const;

const maxDetailLength = 500;

export function readPhase(body: unknown, speaker: Speaker, boot: Boot): Read<PhaseReport> {
  const fields = fieldsOf(body);
  const known: readonly PhaseReport['phase'][] = phasesOf[speaker];
  const phase = known.find((candidate) => candidate === fields['phase']);
  if (phase === undefined) {
    return { kind: 'refused', status: 400, reason: `phase must be one of ${known.join(', ')}` };
  }
  if (phase === 'overlay' && fields['digest'] !== boot.overlaySha256) {
    return { kind: 'refused', status: 409, reason: 'digest is not that of the overlay which was served last' };
  }
  const uptimeSeconds = numberOf(fields['uptime']);
  const leavesAgent = fields['agent'] === 'yes';
  return { kind: 'report', report: { phase, uptimeSeconds, detail: detailOf(fields), leavesAgent } };
}

/** @returns serial and MAC in the one spelling; a node whose firmware tells no serial sends an empty one */
export function readTokenRequest(body: unknown): Read<Pick<TokenRequest, 'serial' | 'mac' | 'nonce'>> {
  const fields = fieldsOf(body);
  const serial = textOf(fields['serial']).toLowerCase();
  const mac = textOf(fields['mac']).toLowerCase();
  const nonce = textOf(fields['nonce']);
  const isSound = /^(?:[0-9a-f]{8})?$/.test(serial) && /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac);
  if (isSound && /^[0-9a-f-]{32,64}$/.test(nonce)) return { kind: 'report', report: { serial, mac, nonce } };
  const reason = 'serial (8 hex digits or nothing), mac and nonce (32 hex digits) are needed';
  return { kind: 'refused', status: 400, reason };
}

export interface ReadHeartbeat {
  readonly heartbeat: HeartbeatReport;
  /** How long the node is willing to wait for news. */
  readonly waitMs: number;
}

/** An answer that is held longer than this could be taken for a dead connection. */
const maxWaitMs = 8000;

export function readHeartbeat(body: unknown): Read<ReadHeartbeat> {
  const fields = fieldsOf(body);
  const phase = systemPhases.find((known) => known === fields['phase']);
  const uptimeSeconds = numberOf(fields['uptime']);
  const load = numberOf(fields['load']);
  if (phase === undefined || uptimeSeconds === undefined || load === undefined) {
    const reason = `phase (one of ${systemPhases.join(', ')}), uptime and load are needed`;
    return { kind: 'refused', status: 400, reason };
  }
  const heartbeat: HeartbeatReport = {
    phase,
    detail: detailOf(fields),
    uptimeSeconds,
    load,
    temperatureCelsius: numberOf(fields['temperature']),
    throttled: bitsOf(fields['throttled']),
    liveDigest: digestOf(fields['digest']),
    mungeProof: digestOf(fields['munge']),
    drift: driftOf(fields),
  };
  const waitMs = Math.min((numberOf(fields['wait']) ?? 0) * 1000, maxWaitMs);
  return { kind: 'report', report: { heartbeat, waitMs } };
}

const digestOf = (value: unknown) => /^[0-9a-f]{64}$/.exec(textOf(value))?.[0];

const bitsOf = (value: unknown) =>
  /^[0-9a-f]{1,6}$/.test(textOf(value)) ? Number.parseInt(textOf(value), 16) : undefined;

/** An agent of an older overlay says nothing of it. */
function driftOf(fields: Fields): Drift | undefined {
  const checkedAtSeconds = numberOf(fields['checked']);
  const count = numberOf(fields['drifted']);
  if (checkedAtSeconds === undefined || count === undefined) return undefined;
  const words = textOf(fields['drift'])
    .split(' ')
    .filter((word) => word !== '');
  const read = words.map((word) => {
    const [what, path = ''] = word.split(/:(.*)/s);
    return DriftedFile.safeParse({ what, path: nodePath.test(path) ? path : undefined }).data;
  });
  const files = read.filter((file) => file !== undefined);
  return { checkedAtSeconds, overlayDigest: digestOf(fields['overlay']), count: Math.max(count, files.length), files };
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (body: unknown) => (body ?? {}) as Fields;

/** A field that is given twice is a list, and none of these. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

function numberOf(value: unknown): number | undefined {
  return /^-?\d{1,7}(?:\.\d{1,6})?$/.test(textOf(value)) ? Number(value) : undefined;
}

/** All but lines and tabs: whoever reads it later does so in a terminal, which such characters would steer. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

function detailOf({ detail }: Fields): string | undefined {
  const text = textOf(detail).replaceAll(controlCharacters, '');
  return text === '' ? undefined : text.slice(0, maxDetailLength);
}
