/** Controllers of Slurm that are heard no more, as the running service looks for them. */
import { createControllerWatch, type ControllerWatch } from '../fleet/controller-watch.ts';
import { probeAddress } from '../host/address-probe.ts';
import { newestChangeMs } from '../host/newest-change.ts';
import { isHostInSubnet } from '../model/ipv4.ts';
import { controllerShares, lostControllers } from '../plan/controller-proof.ts';
import type { Part } from '../serve/supervise.ts';
import type { Service } from './wire-up.ts';

interface ControllerSources extends Pick<Service, 'site' | 'boots' | 'heartbeats' | 'power'> {
  /** Ends the service. */
  readonly signal: AbortSignal;
}

export function openControllers({ site, boots, heartbeats, power, signal }: ControllerSources): ControllerWatch {
  return createControllerWatch({
    lost: () => lostControllers(site.view(), boots.all(), boots.generations(), heartbeats.isSilent),
    power: async (node) => {
      if (!site.view().nodes.some(({ name }) => name === node) || !power.isSwitched(node)) return 'unknown';
      const found = (await power.status()).find((each) => each.node === node);
      return found?.power ?? 'unknown';
    },
    answers: async (address) => {
      const { interface: device, address: own } = site.view().cluster.network;
      // Behind a router nobody hears who is there.
      if (!isHostInSubnet(address, own)) return true;
      return (await probeAddress(address, { device, waitMs: answerMs, signal })) === 'taken';
    },
    writtenAtMs: async () => {
      const times = await Promise.all(controllerShares(site.view().cluster).map(newestChangeMs));
      const known = times.filter((time) => time !== undefined);
      return known.length === 0 ? undefined : Math.max(...known);
    },
    now: () => Date.now(),
  });
}

/** Of a machine that is busy, too. */
const answerMs = 1500;

export function controllersPart({ controllers }: Pick<Service, 'controllers'>): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return controllers.run(signal);
  };
  return { name: 'controllers', run };
}
