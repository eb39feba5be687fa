/** Nodes that left by an order of ours, and Slurm: the part of the service that tells it, and what is known of them. */
import { runAbsences, type AbsencesDeps } from '../fleet/slurm-absences.ts';
import type { Log } from '../model/log.ts';
import { operationOf } from '../plan/operation-guard.ts';
import { holdOf } from '../plan/operation-hold.ts';
import { slurmPart } from '../plan/role-change-side.ts';
import type { Part } from '../serve/supervise.ts';
import { nodeAnswers } from './node-answers.ts';
import { isHeard } from './wire-up-nodes.ts';
import type { Service } from './wire-up.ts';

export function absencesPart(service: Service, log: Log, lookEveryMs?: number): Part {
  const { events, slurm } = service;
  const deps: AbsencesDeps = { events, slurm, factsOf: (names) => factsOf(service, names), now: () => Date.now(), log };
  return { name: 'absences', run: (signal, ready) => runAbsences(deps, signal, ready, lookEveryMs) };
}

function factsOf(service: Service, names: ReadonlySet<string>): ReturnType<AbsencesDeps['factsOf']> {
  const { site, state, boots, heartbeats } = service;
  const view = site.view();
  const nodes = view.nodes.filter(({ name }) => names.has(name));
  const isHeld = holdOf(state.current()) !== undefined;
  return new Map(
    nodeAnswers(service, nodes).map(({ name, role, status }) => {
      const last = boots.ofNode(name).at(-1);
      const facts = {
        isCompute: slurmPart(role, view) === 'compute',
        lastBootMs: last?.startedAtMs,
        isHeard: last !== undefined && isHeard(last, heartbeats),
        isReady: status.state === 'ready' || status.state === 'up',
        isInOperation: operationOf(name, state.current()) !== undefined,
        isHeld,
      };
      return [name, facts] as const;
    }),
  );
}
