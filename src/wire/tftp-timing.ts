/** How long to wait for an ACK. All values are arguments: no clock here. */

/** Firmware of a Pi 3 or 4 breaks on a block that comes twice, so nothing is sent again earlier than this. */
export const resendFloorMs = 1000;

const resendCapMs = 8000;

/** A client that says nothing for so long is given up: a board has given its file up after 30 s. */
export const silenceMs = 31_000;

/** An ACK later than this many usual round trips counts as lost. */
const lateFactor = 4;

/** Weight of the newest sample, as in RFC 6298 §2. */
const gain = 1 / 8;

/** @param beforeMs below 0: nothing measured yet */
export function smoothRoundTrip(beforeMs: number, sampleMs: number): number {
  return beforeMs < 0 ? sampleMs : beforeMs + gain * (sampleMs - beforeMs);
}

/** Doubles with each resend, up to 8 s. */
export function resendAfterMs(roundTripMs: number, resends: number, floorMs: number = resendFloorMs): number {
  const first = Math.max(floorMs, Math.round(lateFactor * roundTripMs));
  return Math.min(first * 2 ** resends, Math.max(resendCapMs, floorMs));
}
