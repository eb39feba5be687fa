/** What holds a board back, by the bits of its firmware: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled */

/** In the order of the bits; 16 bits further up stands whether it was so at any time since the board was switched on. */
export const throttlingReasons = ['under-voltage', 'frequency-capped', 'throttled', 'soft-temperature-limit'] as const;

const sinceBootShift = 16;

export function throttlingNow(bits: number): string[] {
  return throttlingReasons.filter((_, bit) => ((bits >> bit) & 1) === 1);
}

export function throttlingSinceBoot(bits: number): string[] {
  return throttlingNow(bits >> sinceBootShift);
}

/** undefined: nothing does, and nothing did. */
export function describeThrottling(bits: number | undefined): string | undefined {
  if (bits === undefined || bits === 0) return undefined;
  const [now, before] = [throttlingNow(bits), throttlingSinceBoot(bits)];
  const past = before.filter((reason) => !now.includes(reason));
  const parts = [now.join(', '), past.length === 0 ? '' : `since boot: ${past.join(', ')}`];
  return parts.filter((part) => part !== '').join('; ');
}
