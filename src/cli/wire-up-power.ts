/** Power of nodes in the running service: switches of cluster.yaml with their secrets, and what the API does with them. */
import type { PowerActions } from '../api/actions.ts';
import { openDriver } from '../fleet/power-driver.ts';
import { createPower, type Power } from '../fleet/power.ts';
import type { RoleFleet } from '../fleet/role-change.ts';
import { shutdownNode } from '../fleet/shutdown-node.ts';
import type { Secrets } from '../host/secrets.ts';
import { readOwnMacs } from '../host/own-macs.ts';
import { shutDownNode } from '../host/ssh.ts';
import type { ChangeOptions } from '../model/change.ts';
import { NotFoundError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import type { SecretFile } from '../model/power.ts';
import { hasKernelReported } from '../plan/boot-timeline.ts';
import { planShutdown } from '../plan/power-order.ts';
import { requireFreeUnlessHeld } from '../plan/operation-guard.ts';
import { holdOf } from '../plan/operation-hold.ts';
import type { Service } from './wire-up.ts';

export interface ServicePower extends Power {
  /** @throws HostError when the node does not take the order */
  readonly shutDown: (address: Ipv4Address) => Promise<void>;
}

interface PowerSources extends Pick<Service, 'state' | 'site' | 'boots' | 'health'> {
  readonly secrets: Pick<Secrets, 'clusterSecret' | 'storageKey'>;
  readonly log: Log;
  /** Ends the service. */
  readonly signal: AbortSignal;
}

/** What a service that was killed has begun is finished from here on. */
export async function openPower(sources: PowerSources): Promise<ServicePower> {
  const { state, site, boots, health, secrets, log, signal } = sources;
  const secret = async (name: string, file: SecretFile) => firstLine(await secrets.clusterSecret(name, file));
  const power = createPower({
    state,
    view: site.view,
    driver: async (name) => {
      const settings = site.view().cluster.switches[name];
      if (settings === undefined) throw new NotFoundError(`there is no switch ${name} in cluster.yaml`);
      return openDriver(name, settings, { secret, signal });
    },
    ownMacs: readOwnMacs,
    hasLoaded: (node, sinceMs) =>
      boots.ofNode(node).some((boot) => boot.startedAtMs >= sinceMs && hasKernelReported(boot)),
    report: (problems) => health.report('power', problems),
    now: () => Date.now(),
    log,
    signal,
  });
  await power.resume();
  return { ...power, shutDown: shutdownBySsh(secrets, signal) };
}

/** Editors end a file with a newline, which no password has. */
function firstLine(content: Uint8Array): string {
  return Buffer.from(content).toString('utf8').split(/\r?\n/, 1)[0] ?? '';
}

/** Whoever asks waits for it. */
const shutdownDeadlineMs = 20_000;

function shutdownBySsh(secrets: Pick<Secrets, 'storageKey'>, signal: AbortSignal): ServicePower['shutDown'] {
  return async (address) =>
    shutDownNode({ address, key: await secrets.storageKey(), deadlineMs: shutdownDeadlineMs, signal });
}

/** How a node's power is cycled where ssh does not reach it; undefined: nobody does. */
export function powerFallback(name: string, { power, site, state }: Pick<Service, 'power' | 'site' | 'state'>) {
  // Nobody wakes what was shut down with the whole cluster.
  if (holdOf(state.current()) !== undefined) return undefined;
  if (site.view().cluster.power.reboot !== 'cycle' || !power.isSwitched(name)) return undefined;
  return (options: ChangeOptions) => power.change([name], 'cycle', options);
}

export function powerActions(
  { power, state, site }: Pick<Service, 'power' | 'state' | 'site'>,
  fleet: RoleFleet,
): PowerActions {
  return {
    shutdownNode: (name, options) => shutdownNode(name, options, { fleet, ssh: power.shutDown }),
    power: power.status,
    switchPower: async ({ nodes, action }, options) => {
      // What gets power boots what it should, in whatever operation it is.
      if (action !== 'on') requireFreeUnlessHeld(nodes, state.current());
      return power.change(nodes, action, options);
    },
    powerRuns: () => {
      const { running, ended } = power.runs();
      return { running: [...running], ended: [...ended] };
    },
    powerOrder: () => {
      const { cluster, nodes } = site.view();
      return { stages: planShutdown(nodes, cluster).map((stage) => stage.map(({ name }) => name)) };
    },
    discoverPower: power.discover,
  };
}
