/** Starts and stops the parts that run in the thread, as the service says. */
import { PiImageError } from '../../model/errors.ts';
import { toFailure, type Failure } from './failure.ts';
import type { Link } from './link.ts';
import type { FromThread, PlanePart } from './messages.ts';

/** As a Part of the service, but for its name. */
export type RunPart = (signal: AbortSignal, ready: () => void) => Promise<void>;

export class ThreadParts {
  readonly #running = new Map<PlanePart, AbortController>();
  readonly #parts: Readonly<Record<PlanePart, RunPart>>;
  readonly #link: Link<FromThread>;
  readonly #beforeEnd: () => void;

  /** @param beforeEnd tells what a part has done and the service has not heard yet */
  constructor(parts: Readonly<Record<PlanePart, RunPart>>, link: Link<FromThread>, beforeEnd: () => void) {
    this.#parts = parts;
    this.#link = link;
    this.#beforeEnd = beforeEnd;
  }

  start(part: PlanePart): void {
    const stop = new AbortController();
    this.#running.set(part, stop);
    void this.#run(part, stop);
  }

  stop(part: PlanePart): void {
    this.#running.get(part)?.abort(new PiImageError(`${part} was told to stop`));
  }

  async #run(part: PlanePart, stop: AbortController): Promise<void> {
    const run = this.#parts[part];
    let failure: Failure | undefined;
    try {
      await run(stop.signal, () => this.#link.send({ kind: 'ready', part }));
    } catch (error) {
      if (!stop.signal.aborted) failure = toFailure(error);
    }
    this.#running.delete(part);
    this.#beforeEnd();
    this.#link.send({ kind: 'ended', part, failure });
  }
}
