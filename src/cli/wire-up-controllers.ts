/** Controllers of Slurm that are heard no more, as the running service looks for them. */
import { createControllerWatch, type ControllerWatch, type ControllerWatchDeps } from '../fleet/controller-watch.ts';
import { probeAddress } from '../host/address-probe.ts';
import { newestChangeMs } from '../host/newest-change.ts';
import type { Secrets } from '../host/secrets.ts';
import { runOnNode } from '../host/ssh.ts';
import { probeTcp } from '../host/tcp-probe.ts';
import { isHostInSubnet } from '../model/ipv4.ts';
import type { ClusterView } from '../model/view.ts';
import {
  controllerShares,
  daemonOf,
  daemonQuestion,
  lostControllers,
  slurmctldPort,
} from '../plan/controller-proof.ts';
import type { Part } from '../serve/supervise.ts';
import type { Service } from './wire-up.ts';

interface ControllerSources extends Pick<Service, 'site' | 'boots' | 'heartbeats' | 'power'>, QuestionSources {}

interface QuestionSources {
  readonly secrets: Pick<Secrets, 'storageKey'>;
  /** Ends the service. */
  readonly signal: AbortSignal;
}

export function openControllers(sources: ControllerSources): ControllerWatch {
  const { site, boots, heartbeats, power } = sources;
  return createControllerWatch({
    lost: () => lostControllers(site.view(), boots.all(), boots.generations(), heartbeats.isSilent),
    power: async (node) => {
      if (!site.view().nodes.some(({ name }) => name === node) || !power.isSwitched(node)) return 'unknown';
      const found = (await power.status()).find((each) => each.node === node);
      return found?.power ?? 'unknown';
    },
    ...controllerQuestions(() => site.view().cluster.network, sources),
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
const sshMs = 10_000;

/** Who is at an address, and what it says. */
export function controllerQuestions(
  network: () => Pick<ClusterView['cluster']['network'], 'interface' | 'address'>,
  { secrets, signal }: QuestionSources,
): Pick<ControllerWatchDeps, 'neighbour' | 'port' | 'daemon'> {
  return {
    neighbour: async (address) => {
      const { interface: device, address: own } = network();
      if (!isHostInSubnet(address, own)) return 'unseen';
      const found = await probeAddress(address, { device, waitMs: answerMs, signal });
      return found === 'taken' ? 'answers' : 'silent';
    },
    port: (address) => probeTcp(address, { port: slurmctldPort, waitMs: answerMs, signal }),
    daemon: async ({ node, address }) => {
      const key = await secrets.storageKey();
      return daemonOf(node, await runOnNode({ address, command: daemonQuestion, key, deadlineMs: sshMs, signal }));
    },
  };
}

export function controllersPart({ controllers }: Pick<Service, 'controllers'>): Part {
  const run: Part['run'] = (signal, ready) => {
    ready();
    return controllers.run(signal);
  };
  return { name: 'controllers', run };
}
