/** What a build says while it runs, and how the output of dpkg and apt becomes one short phrase. */
import { HostError } from '../model/errors.ts';

export interface BuildProgress {
  /** A step begins. */
  readonly step: (step: { readonly index: number; readonly total: number; readonly title: string }) => void;
  /** What it is doing right now. */
  readonly detail: (text: string) => void;
  /** Something that a person should know, beside the steps. */
  readonly note: (text: string) => void;
  /** Every line of every program, for the build's log file. */
  readonly output: (line: string) => void;
}

/** Follows apt and dpkg through `total` packages, each of which is unpacked and configured. */
export class PackageProgress {
  readonly #total: number;
  readonly #progress: BuildProgress;
  #done = 0;
  /** The package that dpkg failed at. */
  #broken: string | undefined;

  constructor(total: number, progress: BuildProgress) {
    this.#total = total;
    this.#progress = progress;
  }

  readonly onLine = (line: string): void => {
    this.#progress.output(line);
    const work = /^(Unpacking|Setting up) ([^\s:]+)/.exec(line);
    if (work !== null) {
      this.#done += 1;
      const percent = Math.min(99, Math.floor((this.#done * 100) / (2 * Math.max(1, this.#total))));
      this.#progress.detail(`${percent} % ${work[1] === 'Unpacking' ? 'unpacking' : 'configuring'} ${work[2]}`);
    }
    this.#broken ??= /dpkg: error processing (?:package|archive) (\S+)/.exec(line)?.[1];
  };

  /** Names the package in the error, where it was one. */
  async explain<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#broken === undefined || !(error instanceof HostError)) throw error;
      throw new HostError(`package ${this.#broken} cannot be installed`, {
        cause: error,
        ...(error.hint !== undefined && { hint: error.hint }),
      });
    }
  }
}

/** Follows downloads. */
export function downloadProgress(total: number, progress: BuildProgress): (line: string) => void {
  let done = 0;
  return (line) => {
    progress.output(line);
    const file = /^Get:\d+ \S*\/(\S+)/.exec(line)?.[1];
    if (file === undefined) return;
    done += 1;
    progress.detail(`fetching ${done} of ${total}: ${file.replace(/_.*/, '')}`);
  };
}
