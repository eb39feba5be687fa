/** What is the matter with one node? Read off its boots, and off what was heard of others meanwhile. */
import type { Finding, NodeDiagnosis } from '../model/diagnosis.ts';
import { diagnoseOpen, type Diagnosis } from './diagnose.ts';
import type { NodeDoctorFacts, NodeRule } from './doctor-node-facts.ts';
import { nodeNotes, nodeRules } from './doctor-node-rules.ts';

export function diagnoseNode(facts: NodeDoctorFacts): NodeDiagnosis {
  const { node, status } = facts;
  return { node: node.name, state: status.state, findings: findingsOf(facts) };
}

/** One reason why it is not there, and whatever else is to be said of it. */
function findingsOf(facts: NodeDoctorFacts): Finding[] {
  const rule = nodeRules.find(({ when }) => when(facts));
  const reason = diagnosisOf(facts) ?? (rule && told(rule, facts)) ?? unexplained(facts);
  const notes = nodeNotes.filter(({ id, when }) => id !== reason?.rule && when(facts));
  const { name } = facts.node;
  return [
    ...(reason === undefined ? [] : [finding(name, 'wrong', reason)]),
    ...notes.map((note) => finding(name, 'note', told(note, facts))),
  ];
}

function finding(name: string, severity: Finding['severity'], { rule, cause, hint }: Diagnosis): Finding {
  return { kind: 'node', name, severity, rule, cause, hint };
}

/** What its boot tells: judged when it closed, or now. */
function diagnosisOf({ node, status, boots, around }: NodeDoctorFacts): Diagnosis | undefined {
  const { problems } = around;
  const last = boots.at(-1);
  if (status.state === 'booting' && last !== undefined) return diagnoseOpen(last, { problems, board: node.board });
  const { rule, cause, hint } = last?.closed ?? {};
  const isReason = (status.state === 'failed' || status.state === 'silent') && cause !== undefined;
  // A heartbeat that says otherwise, or that has stopped, came later.
  if (!isReason || status.reason !== cause) return undefined;
  return { rule: rule ?? 'earlier', cause, hint: hint ?? '' };
}

/** Of boots that ended before their causes were kept. */
function unexplained({ node, status: { state, reason } }: NodeDoctorFacts): Diagnosis | undefined {
  if (state !== 'failed' && state !== 'silent') return undefined;
  const hint = `"pi-image node history ${node.name}" lists its boots.`;
  return { rule: 'earlier', cause: reason ?? 'its last boot came to nothing', hint };
}

function told({ id, cause, hint }: NodeRule, facts: NodeDoctorFacts): Diagnosis {
  return { rule: id, cause: cause(facts), hint: hint(facts.node.name, facts) };
}
