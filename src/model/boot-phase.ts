/** How far a boot is. Browsers read this too: nothing is imported here. */

/** In the order in which they come; a boot ends in `ready` or `failed`. A node may wait, be ready, and wait again. */
export const bootPhases = [
  'offered',
  'loading',
  'kernel',
  'network',
  'root',
  'overlay',
  'userspace',
  'waiting',
  'ready',
  'failed',
] as const;
export type BootPhase = (typeof bootPhases)[number];
