/** What is wrong on the site as a whole: nodes that are not ready, and parts of the service that have a problem. */
import type { Finding, NodeDiagnosis, SiteDiagnosis } from '../model/diagnosis.ts';
import { controllerHint, unprovedController } from './controller-proof.ts';

export interface ServicePart {
  readonly name: string;
  readonly problems: readonly string[];
}

/** Each node says for itself why it cannot boot; the part that sums that up would say it twice. */
const sumsUpNodes = 'nodes';

/**
 * @param doubts nodes that were the Slurm controller -> what of the proof that they are down lacks
 * @param others what else was found
 */
export function diagnoseSite(
  nodes: readonly NodeDiagnosis[],
  parts: readonly ServicePart[],
  doubts: ReadonlyMap<string, string> = new Map(),
  others: readonly Finding[] = [],
): SiteDiagnosis {
  const lost = [...doubts].map(controllerFinding);
  const findings = [...parts.flatMap(partFindings), ...nodes.flatMap((node) => node.findings), ...lost, ...others];
  const ready = nodes.filter(({ state }) => state === 'ready' || state === 'up').length;
  return { status: statusOf(findings), nodes: { all: nodes.length, ready }, findings };
}

export function statusOf(findings: readonly Finding[]): SiteDiagnosis['status'] {
  return findings.some(({ severity }) => severity === 'wrong') ? 'wrong' : 'ok';
}

function controllerFinding([name, lacks]: readonly [string, string]): Finding {
  return {
    kind: 'node',
    name,
    severity: 'note',
    rule: 'controller-lost',
    cause: `${unprovedController(name, lacks)}; no other node can be it before`,
    hint: controllerHint(name),
  };
}

function partFindings({ name, problems }: ServicePart): Finding[] {
  if (name === sumsUpNodes) return [];
  const rule = 'part-failed';
  const hint = 'It is tried again by itself; the log tells more: journalctl -u pi-image.';
  return problems.map((cause) => ({ kind: 'service', name, severity: 'wrong', rule, cause, hint }));
}
