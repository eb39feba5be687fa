/** The doctor's questions, answered from the running service. */
import type { ApiActions, NodeAnswer } from '../api/actions.ts';
import type { NodeDiagnosis } from '../model/diagnosis.ts';
import type { NodeSpec } from '../model/node.ts';
import { withoutToken } from '../plan/node-status.ts';
import type { Neighbourhood } from '../plan/doctor-node-facts.ts';
import { diagnoseNode } from '../plan/doctor-node.ts';
import { diagnoseSite } from '../plan/doctor-site.ts';
import { diagnoseTokens } from '../plan/doctor-tokens.ts';
import type { Service } from './wire-up.ts';

type Sources = Pick<
  Service,
  'site' | 'boots' | 'heartbeats' | 'health' | 'state' | 'eeproms' | 'conflicts' | 'controllers' | 'tokens'
>;

export interface DiagnosisDeps {
  readonly sources: Sources;
  readonly answers: (nodes: readonly NodeSpec[]) => readonly NodeAnswer[];
  /** @throws NotFoundError */
  readonly named: (name: string) => NodeSpec;
  readonly now: () => number;
}

export function diagnosisActions(deps: DiagnosisDeps): Pick<ApiActions, 'diagnosis' | 'siteDiagnosis'> {
  const { sources, named } = deps;
  return {
    diagnosis: (name) => {
      const [found] = diagnoseAll(deps, [named(name)]);
      if (found === undefined) throw new Error(`no answer for ${name}`);
      return found;
    },
    siteDiagnosis: () =>
      diagnoseSite(
        diagnoseAll(deps, sources.site.view().nodes),
        sources.health.parts(),
        sources.controllers.doubts(),
        diagnoseTokens(sources.tokens.list(), deps.now()),
      ),
  };
}

function diagnoseAll({ sources, answers, now }: DiagnosisDeps, nodes: readonly NodeSpec[]): NodeDiagnosis[] {
  const nowMs = now();
  const around = neighbourhood(sources, nowMs);
  return answers(nodes).map((answer) => {
    const { status, ...node } = answer;
    const eeprom = sources.eeproms.of(node.name);
    const largestFile = largestOf(node, sources);
    const boots = sources.boots.ofNode(node.name).map(withoutToken);
    const pin = sources.state.current().generationPins[node.name];
    return diagnoseNode({ node, status, boots, pin, eeprom, largestFile, around, nowMs });
  });
}

/** Kernel and initramfs of what it would boot now. */
function largestOf(node: NodeSpec, { site }: Sources) {
  const desired = site.desired(node);
  if (desired.kind === 'refused' || desired.frozen.generation.boot === 'signed') return undefined;
  const { name, version } = desired.frozen.generation.image;
  const manifest = site
    .view()
    .images.get(name)
    ?.find((each) => each.version === version);
  const kernel = manifest?.kernels.find(({ boards }) => boards.includes(node.board));
  const files = [kernel?.kernel, kernel?.initramfs].flatMap((file = '') => {
    const found = manifest?.bootFiles[file];
    return found === undefined ? [] : [{ name: file, sizeBytes: found.sizeBytes }];
  });
  return files.toSorted((one, other) => other.sizeBytes - one.sizeBytes)[0];
}

function neighbourhood({ site, boots, heartbeats, health, state, conflicts }: Sources, nowMs: number): Neighbourhood {
  const parts = health.parts();
  const dhcp = parts.find(({ name }) => name === 'dhcp');
  const heard = site.view().nodes.flatMap(({ name }) => {
    const atMs = Math.max(boots.ofNode(name).at(-1)?.lastSeenMs ?? 0, heartbeats.of(name)?.atMs ?? 0);
    return atMs === 0 ? [] : [{ name, atMs }];
  });
  return {
    problems: Object.fromEntries(parts.map(({ name, problems: [first] }) => [name, first] as const)),
    listeningSinceMs: dhcp?.problems.length === 0 ? dhcp.sinceMs : undefined,
    unknownBoards: state.current().unknownBoards,
    conflicts: conflicts.current(site.view().nodes, nowMs),
    heard,
  };
}
