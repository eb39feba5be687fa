/** What a node says of itself once it is ready. */
export const sampleBeat = {
  phase: 'ready',
  detail: undefined,
  uptimeSeconds: 30,
  load: 0.5,
  temperatureCelsius: undefined,
  liveDigest: undefined,
} as const;
