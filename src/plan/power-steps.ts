/** What is done to a port, one after the other. Each step that switches is followed by a look at what the switch made of it. */
import type { PowerAction } from '../model/power.ts';

export type PowerStep =
  | { readonly kind: 'switch'; readonly wanted: 'on' | 'off' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Until others that got power before have loaded. */
  | { readonly kind: 'turn' };

/** A board's capacitors, and the switch's own detection, need so long: less is no reset. */
const leastOffMs = 5000;

const switchOn: readonly PowerStep[] = [{ kind: 'turn' }, { kind: 'switch', wanted: 'on' }];

export function planSteps(action: PowerAction, offMs: number): readonly PowerStep[] {
  const wait: PowerStep = { kind: 'wait', ms: Math.max(leastOffMs, offMs) };
  if (action === 'on') return switchOn;
  if (action === 'off') return [{ kind: 'switch', wanted: 'off' }];
  return [{ kind: 'switch', wanted: 'off' }, wait, ...switchOn];
}

/** After a restart of the service: how long a port has been off is not known, so it stays off for as long once more. */
export function planRest(action: 'on' | 'cycle', offMs: number): readonly PowerStep[] {
  return action === 'on' ? switchOn : [{ kind: 'wait', ms: Math.max(leastOffMs, offMs) }, ...switchOn];
}

/** What was begun and cannot be ended is tried again, after so long. @param tries how often it failed */
export function retryMs(tries: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(tries, 6));
}

/** A port that was not switched off by us may stay as it is; the others are tried for as long as the service runs. */
export function givesUp(action: PowerAction, tries: number): boolean {
  return action !== 'cycle' && tries >= 3;
}

interface Starting {
  readonly sinceMs: number;
  readonly hasLoaded: boolean;
}

/** A board that has said nothing by then is not loading. */
const longestLoadMs = 90_000;

/** May one more board get power, with these having got theirs a moment ago? */
export function mayStart(starting: readonly Starting[], atOnce: number, nowMs: number): boolean {
  return starting.filter((each) => isLoading(each, nowMs)).length < atOnce;
}

export function isLoading({ sinceMs, hasLoaded }: Starting, nowMs: number): boolean {
  return !hasLoaded && nowMs - sinceMs < longestLoadMs;
}
