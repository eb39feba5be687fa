/** Watts that boards are about to draw and that no switch counts yet. */
import { portKey, type PowerPort } from '../model/power.ts';

export interface PowerPromises {
  readonly make: (port: PowerPort, watts: number) => void;
  /** It is on: the switch counts it soon. */
  readonly keep: (port: PowerPort) => void;
  /** By switch. */
  readonly all: () => ReadonlyMap<string, number>;
}

/** A board draws the most while it boots, and consumption is measured every few seconds. */
const countedMs = 60_000;

export function createPromises(now: () => number): PowerPromises {
  const promises = new Map<string, { readonly switch: string; readonly watts: number; untilMs: number }>();
  return {
    make: (port, watts) => {
      promises.set(portKey(port), { switch: port.switch, watts, untilMs: Number.POSITIVE_INFINITY });
    },
    keep: (port) => {
      const promise = promises.get(portKey(port));
      if (promise !== undefined) promise.untilMs = now() + countedMs;
    },
    all: () => {
      const sums = new Map<string, number>();
      for (const [key, { switch: name, watts, untilMs }] of promises) {
        if (untilMs <= now()) promises.delete(key);
        else sums.set(name, (sums.get(name) ?? 0) + watts);
      }
      return sums;
    },
  };
}
