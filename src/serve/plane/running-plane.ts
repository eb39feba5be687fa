/** One thread of the boot plane while it lives: starts and stops its parts, and tells when it has died. */
import type { Worker } from 'node:worker_threads';

import { HostError } from '../../model/errors.ts';
import { fromFailure } from './failure.ts';
import { openLink, type Link, type LinkCounts } from './link.ts';
import type { FromThread, PlanePart, ToThread } from './messages.ts';
import type { Told } from './service-answers.ts';

type GiveUp = Extract<FromThread, { readonly kind: 'give-up' }>;

export interface RunningOptions {
  readonly counts: LinkCounts;
  readonly told: (message: Told | GiveUp, link: Link<ToThread>) => void;
  /** Once, and not when it was ended from here. */
  readonly died: (reason: unknown) => void;
}

interface RunningPart {
  readonly ready: () => void;
  readonly ended: (error?: Error) => void;
}

/** A thread that does not stop a part in time is ended with the service. */
const stopMs = 2000;

export class RunningPlane {
  readonly link: Link<ToThread>;
  readonly #worker: Worker;
  readonly #parts = new Map<PlanePart, RunningPart>();
  readonly #options: RunningOptions;
  #isOver = false;

  constructor(worker: Worker, options: RunningOptions) {
    this.#worker = worker;
    this.#options = options;
    const received = (message: FromThread) => this.#received(message);
    this.link = openLink<ToThread, FromThread>(worker, { end: 'service', counts: options.counts, received });
    worker.on('error', (error) => this.#die(error));
    worker.on('messageerror', (error) => this.#die(error));
    worker.on('exit', (code) => this.#die(new HostError(`it ended with exit code ${code}`)));
  }

  /** Resolves when the part has stopped after `signal`. @throws why it ended before */
  run(part: PlanePart, signal: AbortSignal, ready: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.link.send({ kind: 'stop', part });
        setTimeout(resolve, stopMs).unref();
      };
      const ended = (error?: Error): void => {
        this.#parts.delete(part);
        signal.removeEventListener('abort', stop);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#parts.set(part, { ready, ended });
      signal.addEventListener('abort', stop, { once: true });
      this.link.send({ kind: 'start', part });
    });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  #received(message: FromThread): void {
    if (this.#isOver) return;
    if (message.kind === 'ready') return this.#parts.get(message.part)?.ready();
    if (message.kind !== 'ended') return this.#options.told(message, this.link);
    this.#parts.get(message.part)?.ended(message.failure && fromFailure(message.failure));
  }

  #die(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.died(reason);
    const error = hasEnded(reason instanceof Error ? reason.message : String(reason));
    for (const { ended } of this.#parts.values()) ended(error);
    void this.#worker.terminate();
  }
}

function hasEnded(reason: string): HostError {
  return new HostError(`the thread that runs DHCP and TFTP has ended: ${reason}`);
}
