/** Why did a boot not become ready, and what is to be done about it? The first rule that fits is the answer. */
import type { Boot } from '../model/boot.ts';
import { renderDuration } from '../model/duration.ts';
import type { Lateness } from './boot-deadlines.ts';
import { diagnosisRules, type DiagnosisFacts } from './diagnosis-rules.ts';

export type BootEnd =
  | { readonly kind: 'late'; readonly lateness: Lateness }
  /** Nothing was heard of it for long. */
  | { readonly kind: 'silent' }
  /** Its board was reset in the middle. */
  | { readonly kind: 'restarted' }
  /** It says so itself. */
  | { readonly kind: 'failed' };

/** By name of a part of the service: what is wrong with it. */
export type PartProblems = Readonly<Record<string, string | undefined>>;

export interface Diagnosis {
  /** Id of the rule. */
  readonly rule: string;
  /** One sentence without a full stop. */
  readonly cause: string;
  readonly hint: string;
}

type Timeline = Pick<Boot, 'node' | 'phases' | 'files' | 'bytes' | 'missing'>;

export function diagnose(boot: Timeline, end: BootEnd, problems: PartProblems = {}): Diagnosis {
  const facts = factsOf(boot, end, problems);
  const rule = diagnosisRules.find(({ when }) => when(facts));
  if (rule === undefined) throw new Error(`no rule fits a boot that is ${end.kind}`);
  const where = explainEnd(end, facts);
  const cause = rule.cause(facts);
  return { rule: rule.id, cause: where === undefined ? cause : `${where}: ${cause}`, hint: rule.hint(facts) };
}

function factsOf(boot: Timeline, end: BootEnd, problems: PartProblems): DiagnosisFacts {
  const { node, files, bytes, missing = [] } = boot;
  const last = boot.phases.findLast(({ phase }) => phase !== 'failed' && phase !== 'ready');
  const word = end.kind === 'failed' ? boot.phases.find(({ phase }) => phase === 'failed') : last;
  // A board that has asked for a file has an address, whoever gave it.
  return {
    end: end.kind,
    node,
    phase: last?.phase ?? 'offered',
    detail: word?.detail,
    files,
    bytes,
    missing,
    problems,
  };
}

function explainEnd(end: BootEnd, { phase }: DiagnosisFacts): string | undefined {
  if (end.kind === 'silent') return `nothing was heard of it after ${phase}`;
  if (end.kind !== 'late') return undefined;
  const limit = renderDuration(end.lateness.limitMs);
  return end.lateness.exceeded === 'deadline' ? `not ready within ${limit}` : `stuck after ${phase} for ${limit}`;
}
