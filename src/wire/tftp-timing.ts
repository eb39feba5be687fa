/** How long to wait for an ACK. All values are arguments: no clock here. */

/** Pi firmware breaks on a block that comes twice, so nothing is sent again earlier than this. */
export const resendFloorMs = 1000;

const resendCapMs = 8000;

/** An ACK later than this many usual round trips counts as lost. */
const lateFactor = 4;

/** Weight of the newest sample, as in RFC 6298 §2. */
const gain = 1 / 8;

export function smoothRoundTrip(beforeMs: number | undefined, sampleMs: number): number {
  return beforeMs === undefined ? sampleMs : beforeMs + gain * (sampleMs - beforeMs);
}

/** Doubles with each resend, up to 8 s. */
export function resendAfterMs(
  roundTripMs: number | undefined,
  resends: number,
  floorMs: number = resendFloorMs,
): number {
  const first = Math.max(floorMs, Math.round(lateFactor * (roundTripMs ?? 0)));
  return Math.min(first * 2 ** resends, Math.max(resendCapMs, floorMs));
}
