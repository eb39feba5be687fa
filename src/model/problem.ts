/** Something wrong in a file that a person wrote, with the place it stands at. */
import { ConfigError } from './errors.ts';

/** Keys and indexes from the top of the document: ['network', 'pool']. */
export type ProblemPath = readonly (string | number)[];

export interface Problem {
  readonly path: ProblemPath;
  readonly message: string;
  readonly hint?: string | undefined;
  /** A second place in the same file that belongs to it, for example the first of two equal names. */
  readonly other?: ProblemPath | undefined;
}

/** Where a path of a document stands, as a person finds it. */
interface Placement {
  readonly file: string;
  /** From 1; undefined when the document is no text file. */
  readonly line: number | undefined;
  /** `network.pool`, `node03.mac`; empty for the whole document. */
  readonly key: string;
}
export type Place = (path: ProblemPath) => Placement;

export interface PlacedProblem extends Placement {
  readonly message: string;
  readonly hint: string | undefined;
}

export function placeProblems(problems: readonly Problem[], place: Place): PlacedProblem[] {
  return problems.map(({ path, message, hint, other }) => {
    const also = other === undefined ? '' : ` (the other one: ${whereIs(place(other))})`;
    return { ...place(path), message: `${message}${also}`, hint };
  });
}

/** As they stand in their files; problems of one line keep their order. */
export function inFileOrder(problems: readonly PlacedProblem[]): PlacedProblem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return files.flatMap((file) =>
    problems.filter((problem) => problem.file === file).toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  );
}

/** `cluster.yaml:12: network.pool: "10.42" is not a range of addresses` */
export function renderProblem(problem: PlacedProblem): string {
  return [whereIs(problem), problem.key, problem.message].filter((part) => part !== '').join(': ');
}

function whereIs({ file, line }: Placement): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** One error for everything that is wrong in the files of a person, so that one look is enough to repair all. */
export class ProblemsError extends ConfigError {
  readonly problems: readonly PlacedProblem[];

  constructor(problems: readonly PlacedProblem[]) {
    const lines = problems.map(renderProblem);
    const hint = problems.find((problem) => problem.hint !== undefined)?.hint;
    super(lines.length === 1 ? lines.join('') : `${lines.length} problems\n${lines.join('\n')}`, {
      ...(hint !== undefined && { hint }),
    });
    this.problems = problems;
  }
}
