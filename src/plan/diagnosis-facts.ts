/** What a rule about a boot can look at, and the conditions that rules are made of. */
import type { BoardName } from '../model/board.ts';
import type { Boot, DhcpSeen } from '../model/boot.ts';
import type { BootPhase } from '../model/boot-phase.ts';

export interface DiagnosisFacts {
  /** `open`: it is not over, and not late yet. */
  readonly end: 'open' | 'late' | 'silent' | 'restarted' | 'failed';
  /** Of a boot that is late: the limit of a phase, or of all of them together. */
  readonly exceeded: 'phase' | 'deadline' | undefined;
  readonly node: string;
  /** What the node is by its description. */
  readonly board: BoardName | undefined;
  /** The last one before the end. */
  readonly phase: BootPhase;
  /** What the node said with it; of a boot that failed, what it said to that. */
  readonly detail: string | undefined;
  readonly files: number;
  readonly bytes: number;
  readonly missing: NonNullable<Boot['missing']>;
  /** The file in which it stopped. */
  readonly unfinished: NonNullable<Boot['unfinished']>[number] | undefined;
  readonly dhcp: DhcpSeen;
  /** Why its token was refused; undefined: it was not. */
  readonly tokenRefused: string | undefined;
  /** How long its switch port let nothing through after its kernel had started. */
  readonly portDelayMs: number;
  /** By name of a part of the service: what is wrong with it. */
  readonly problems: Readonly<Record<string, string | undefined>>;
}

export interface DiagnosisRule {
  readonly id: string;
  /** What it says, for the guide: `…` stands for what differs. */
  readonly says: readonly [string, ...string[]];
  /** It can be told of a boot that is not late yet. */
  readonly isEarly?: true;
  readonly when: (facts: DiagnosisFacts) => boolean;
  readonly cause: (facts: DiagnosisFacts) => string;
  readonly hint: (facts: Pick<DiagnosisFacts, 'node'>) => string;
}

export type Condition = DiagnosisRule['when'];

/** Its own words: what it says is the cause. */
export const said =
  (words: RegExp): Condition =>
  ({ end, detail }) =>
    end === 'failed' && words.test(detail ?? '');

export const after =
  (...phases: readonly BootPhase[]): Condition =>
  ({ end, phase }) =>
    end !== 'failed' && phases.includes(phase);

export const all =
  (...conditions: readonly Condition[]): Condition =>
  (facts) =>
    conditions.every((holds) => holds(facts));

export const isBroken =
  (part: string): Condition =>
  ({ problems }) =>
    problems[part] !== undefined;

export const lacks =
  (reason: RegExp): Condition =>
  ({ missing }) =>
    missing.some((each) => reason.test(each.reason));

export const itsWords: DiagnosisRule['cause'] = ({ detail }) => detail ?? 'it failed, and did not say of what';

export const brokenPart =
  (part: string, does: string): DiagnosisRule['cause'] =>
  ({ problems }) =>
    `${does}: ${problems[part] ?? ''}`;

export const lacking =
  (reason: RegExp): DiagnosisRule['cause'] =>
  ({ missing }) => {
    const found = missing.findLast((each) => reason.test(each.reason));
    return `it does not get ${found?.file ?? ''}: ${found?.reason ?? ''}`;
  };

/** In what the part dhcp says of itself: that another server is there. */
export const namesDhcpServer = /DHCP servers? [\d.]+/;

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export const lookAtService = () => 'See what "pi-image status" says of that part, and the log: journalctl -u pi-image.';
