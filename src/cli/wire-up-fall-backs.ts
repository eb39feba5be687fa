/** Fall-back outside of operations: what is known of nodes that failed, and the part of the service that takes them back. */
import { runFallBacks, type FallBacksDeps, type NodeFallBackFacts } from '../fleet/run-fall-backs.ts';
import { unlessHeld } from '../fleet/unless-held.ts';
import type { Log } from '../model/log.ts';
import type { NodeSpec } from '../model/node.ts';
import { slurmPart } from '../plan/role-change-side.ts';
import { byItself } from '../plan/unasked-fall-back.ts';
import type { Part } from '../serve/supervise.ts';
import { nodeAnswers } from './node-answers.ts';
import { serviceFleet } from './wire-up-nodes.ts';
import type { Service } from './wire-up.ts';

export function fallBackPart(service: Service, log: Log, lookEveryMs?: number): Part {
  const { state, boots, site, health, slurm } = service;
  const nodeOf = (name: string) => site.view().nodes.find((node) => node.name === name);
  const deps: FallBacksDeps = {
    state,
    reboots: serviceFleet(service).reboots,
    boots: boots.all,
    bootsOf: boots.ofNode,
    factsOf: (name) => factsOf(service, nodeOf(name)),
    plannedOf: (name) => plannedOf(service, nodeOf(name)),
    slurm,
    tell: (problems, about) => {
      health.report(byItself, problems);
      health.describe(byItself, about);
    },
    now: () => Date.now(),
    log,
  };
  const run: Part['run'] = (signal, ready) => {
    ready();
    return unlessHeld(state, signal, (released) => runFallBacks(deps, released, lookEveryMs));
  };
  return { name: byItself, run };
}

function factsOf(service: Service, node: NodeSpec | undefined): NodeFallBackFacts | undefined {
  const view = service.site.view();
  const [answer] = node === undefined ? [] : nodeAnswers(service, [node]);
  if (node === undefined || answer === undefined) return undefined;
  const { state } = answer.status;
  const isCompute = slurmPart(node.role, view) === 'compute';
  return { node, state, view, generation: service.boots.generation, isCompute };
}

function plannedOf({ site }: Service, node: NodeSpec | undefined): string | undefined {
  const planned = node && site.planned(node);
  return planned?.kind === 'boots' ? planned.frozen.generation.id : undefined;
}
