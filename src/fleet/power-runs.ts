/** Ports that are being switched: each step is carried out and looked at, and what was switched off is tried until it is on. */
import { setTimeout as sleep } from 'node:timers/promises';

import { describeError } from '../model/describe-error.ts';
import { HostError, PiImageError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { portKey, type PortPower, type PowerAction, type PowerPort } from '../model/power.ts';
import { givesUp, retryMs, type PowerStep } from '../plan/power-steps.ts';
import type { PowerDriver, PowerTarget } from './power-driver.ts';
import type { Turns } from './power-turns.ts';

export interface PowerOrder extends PowerPort {
  readonly node: string;
  readonly action: PowerAction;
  readonly by: string;
}

/** What of an order is under way, or why it does not get on. */
export interface PowerRun extends PowerOrder {
  readonly step: PowerStep['kind'];
  readonly wanted: 'on' | 'off';
  readonly sinceMs: number;
  readonly failure?: string | undefined;
}

/** How the last order of a node ended, as long as this service runs. */
export interface PowerEnd extends PowerOrder {
  readonly endedMs: number;
  readonly detection?: PortPower['detection'];
  /** Why it failed; undefined: it is done. */
  readonly failure?: string | undefined;
  readonly hint?: string | undefined;
}

export type PowerOutcome =
  | { readonly kind: 'done'; readonly port: PortPower }
  | { readonly kind: 'failed'; readonly reason: string; readonly hint: string | undefined };

export interface RunsDeps {
  /** @throws ConfigError, HostError */
  readonly driver: (switchName: string) => Promise<PowerDriver>;
  readonly turns: Turns;
  /** Written down before others hear of it. */
  readonly ended: (order: PowerOrder, outcome: PowerOutcome) => Promise<void>;
  /** Some order got on, or did not. */
  readonly changed: (all: readonly PowerRun[]) => void;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface PowerRuns {
  /** @param written resolves when it is on the disk; nothing is switched before, and nothing at all when it rejects */
  readonly begin: (order: PowerOrder, steps: readonly PowerStep[], written: Promise<void>) => void;
  readonly all: () => readonly PowerRun[];
  /** One of each node. */
  readonly ended: () => readonly PowerEnd[];
  readonly settled: () => Promise<void>;
}

export function createRuns(deps: RunsDeps): PowerRuns {
  const running = new Map<string, { run: PowerRun; ended: Promise<unknown> }>();
  const ends = new Map<string, PowerEnd>();
  const all = () => [...running.values()].map(({ run }) => run);
  const begin: PowerRuns['begin'] = (order, steps, written) => {
    const key = portKey(order);
    const tell = (more: Partial<PowerRun>) => {
      const entry = running.get(key);
      if (entry !== undefined) entry.run = { ...entry.run, sinceMs: deps.now(), failure: undefined, ...more };
      deps.changed(all());
    };
    const first = steps[0]?.kind ?? 'switch';
    const run: PowerRun = { ...order, step: first, wanted: order.action === 'off' ? 'off' : 'on', sinceMs: deps.now() };
    const carry = async () => {
      try {
        await written;
      } catch {
        // Whoever asked is told.
        return;
      }
      const outcome = await carryOut(order, steps, { ...deps, tell });
      if (outcome !== undefined) ends.set(order.node, endOf(order, outcome, deps.now()));
    };
    const ended = carry().finally(() => {
      running.delete(key);
      deps.changed(all());
    });
    running.set(key, { run, ended });
  };
  return {
    begin,
    all,
    ended: () => [...ends.values()],
    settled: async () => void (await Promise.all([...running.values()].map(({ ended }) => ended))),
  };
}

function endOf(order: PowerOrder, outcome: PowerOutcome, endedMs: number): PowerEnd {
  if (outcome.kind === 'failed') return { ...order, endedMs, failure: outcome.reason, hint: outcome.hint };
  return { ...order, endedMs, detection: outcome.port.detection };
}

interface Running extends RunsDeps {
  readonly tell: (more: Partial<PowerRun>) => void;
}

/** Never rejects. A service that ends says nothing: what is written down is finished by the next one. */
async function carryOut(
  order: PowerOrder,
  steps: readonly PowerStep[],
  running: Running,
): Promise<PowerOutcome | undefined> {
  const { signal, log, ended } = running;
  try {
    const outcome = await takeSteps(order, steps, running);
    await ended(order, outcome);
    return outcome;
  } catch (error) {
    if (!signal.aborted) log.warn('power.lost', { ...order, reason: describeError(error) });
    return undefined;
  }
}

async function takeSteps(order: PowerOrder, steps: readonly PowerStep[], running: Running): Promise<PowerOutcome> {
  const { turns, signal, tell } = running;
  let trouble: Extract<PowerOutcome, { kind: 'failed' }> | undefined;
  let port: PortPower = { power: order.action === 'off' ? 'off' : 'on' };
  for (const step of steps) {
    tell({ step: step.kind, ...(step.kind === 'switch' && { wanted: step.wanted }) });
    if (step.kind === 'wait') await sleep(step.ms, undefined, { signal });
    if (step.kind === 'turn') await turns.take(order.node);
    if (step.kind !== 'switch') continue;
    // A cycle goes on to its end: nobody knows what came of an order that was not answered.
    const isFirstHalf = order.action === 'cycle' && step.wanted === 'off';
    const result = await insist(order, step.wanted, isFirstHalf, running);
    if (result.kind === 'done') port = result.port;
    else if (isFirstHalf) trouble = result;
    else return result;
  }
  return trouble ?? { kind: 'done', port };
}

/** @param once what cannot be switched off now must not go off half an hour later */
async function insist(order: PowerOrder, wanted: 'on' | 'off', once: boolean, running: Running): Promise<PowerOutcome> {
  const { log, signal, tell } = running;
  for (let tries = 1; ; tries += 1) {
    try {
      return { kind: 'done', port: await switchOnce(order, wanted, running) };
    } catch (error) {
      signal.throwIfAborted();
      const isKnown = error instanceof PiImageError;
      const reason = isKnown ? error.message : describeError(error);
      const { node, switch: name, port } = order;
      log.warn('power.failed', { node, switch: name, port, wanted, tries, reason });
      if (once || givesUp(order.action, tries))
        return { kind: 'failed', reason, hint: isKnown ? error.hint : undefined };
      tell({ step: 'switch', wanted, failure: reason });
      await sleep(retryMs(tries), undefined, { signal });
    }
  }
}

async function switchOnce(order: PowerOrder, wanted: 'on' | 'off', running: Running): Promise<PortPower> {
  const driver = await running.driver(order.switch);
  try {
    await tellOrIsOn(driver, order, wanted);
    return await seen(driver, order, wanted, running);
  } finally {
    driver.close();
  }
}

/** A switch that takes no orders has switched nothing off: then the port is on as it was. */
async function tellOrIsOn(driver: PowerDriver, target: PowerTarget, wanted: 'on' | 'off'): Promise<void> {
  try {
    await driver.set(target, wanted);
  } catch (error) {
    const { power } = wanted === 'on' ? await driver.read(target) : { power: undefined };
    if (power !== 'on') throw error;
  }
}

/** Switches take their time to carry out what they have accepted, and to find a board that wants power. */
const acceptedMs = 10_000;
const detectedMs = 3000;
const lookMs = 250;

async function seen(
  driver: PowerDriver,
  target: PowerTarget & PowerPort,
  wanted: 'on' | 'off',
  { now, signal }: Pick<Running, 'now' | 'signal'>,
): Promise<PortPower> {
  const startedMs = now();
  for (;;) {
    const found = await driver.read(target);
    const overMs = now() - startedMs;
    if (found.power === wanted && (isSettled(found, wanted) || overMs >= detectedMs)) return found;
    if (found.power !== wanted && overMs >= acceptedMs) {
      throw new HostError(`${target.switch} has accepted the order, and port ${target.port} is still ${found.power}`);
    }
    await sleep(lookMs, undefined, { signal });
  }
}

/** Off is off; on is settled when the port delivers, or says why it does not. */
function isSettled({ detection }: PortPower, wanted: 'on' | 'off'): boolean {
  if (detection === undefined) return true;
  return wanted === 'off' ? detection !== 'delivering' : detection !== 'searching' && detection !== 'disabled';
}
