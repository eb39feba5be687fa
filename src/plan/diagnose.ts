/** Why did a boot not become ready, and what is to be done about it? The first rule that fits is the answer. */
import type { BoardName } from '../model/board.ts';
import type { Boot } from '../model/boot.ts';
import type { BootPhase } from '../model/boot-phase.ts';
import { renderDuration } from '../model/duration.ts';
import type { Lateness } from './boot-deadlines.ts';
import type { DiagnosisFacts, DiagnosisRule } from './diagnosis-facts.ts';
import { diagnosisRules } from './diagnosis-rules.ts';
import { portDelayMs } from './slow-port.ts';

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

/** What is known beside the boot itself. */
export interface Surroundings {
  readonly problems?: PartProblems;
  /** What the node is by its description. */
  readonly board?: BoardName | undefined;
}

export interface Diagnosis {
  /** Id of the rule. */
  readonly rule: string;
  /** One sentence without a full stop. */
  readonly cause: string;
  readonly hint: string;
}

type Timeline = Pick<Boot, 'node' | 'phases' | 'files' | 'bytes' | 'missing' | 'unfinished' | 'dhcp' | 'tokenRefused'>;

export function diagnose(boot: Timeline, end: BootEnd, around: Surroundings = {}): Diagnosis {
  const facts = {
    ...factsOf(boot, around, end.kind),
    exceeded: end.kind === 'late' ? end.lateness.exceeded : undefined,
  };
  const rule = diagnosisRules.find(({ when }) => when(facts));
  if (rule === undefined) throw new Error(`no rule fits a boot that is ${end.kind}`);
  return told(rule, facts, explainEnd(end, facts));
}

/** Of a boot that is under way: undefined as long as nothing speaks against it. */
export function diagnoseOpen(boot: Timeline, around: Surroundings = {}): Diagnosis | undefined {
  const facts = factsOf(boot, around, 'open');
  const rule = diagnosisRules.find(({ isEarly, when }) => isEarly === true && when(facts));
  return rule && told(rule, facts, undefined);
}

function told({ id, cause, hint }: DiagnosisRule, facts: DiagnosisFacts, where: string | undefined): Diagnosis {
  const why = cause(facts);
  return { rule: id, cause: where === undefined ? why : `${where}: ${why}`, hint: hint(facts) };
}

function factsOf(boot: Timeline, { problems = {}, board }: Surroundings, end: DiagnosisFacts['end']): DiagnosisFacts {
  const { node, files, bytes, missing = [], unfinished, dhcp = {} } = boot;
  const last = boot.phases.findLast(({ phase }) => phase !== 'failed' && phase !== 'ready');
  const word = end === 'failed' ? boot.phases.find(({ phase }) => phase === 'failed') : last;
  return {
    end,
    exceeded: undefined,
    node,
    board,
    phase: phaseOf(last?.phase, unfinished),
    detail: word?.detail,
    files,
    bytes,
    missing,
    unfinished: unfinished?.at(-1),
    dhcp,
    tokenRefused: boot.tokenRefused,
    portDelayMs: portDelayMs(boot),
    problems,
  };
}

/** A board that has asked for a file has an address, whoever gave it; one that began a file loads. */
function phaseOf(phase: BootPhase | undefined, unfinished: Boot['unfinished']): BootPhase {
  const isLoading = (phase ?? 'offered') === 'offered' && unfinished !== undefined;
  return isLoading ? 'loading' : (phase ?? 'offered');
}

function explainEnd(end: BootEnd, { phase }: DiagnosisFacts): string | undefined {
  if (end.kind === 'silent') return `nothing was heard of it after ${phase}`;
  if (end.kind !== 'late') return undefined;
  const limit = renderDuration(end.lateness.limitMs);
  return end.lateness.exceeded === 'deadline' ? `not ready within ${limit}` : `stuck after ${phase} for ${limit}`;
}
