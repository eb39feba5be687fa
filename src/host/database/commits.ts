/**
 * Group commit: all changes that are asked for in one turn of the event loop, of any value, go out in one transaction.
 * A change is seen in memory at once; its promise resolves when the disk has it.
 */
import type { Event, NewEvent } from '../../model/event.ts';
import { stamp, type StampedEvent } from './events.ts';
import type { RowChanges } from './rows.ts';
import type { WriteBatch } from './writer.ts';

/** A value in memory that follows the disk. */
export interface Member {
  /** What differs from the disk now, and what to call when the disk has it. */
  readonly take: () => { readonly rows: readonly RowChanges[]; readonly accept: () => void };
  /** Back to what the disk has. */
  readonly revert: () => void;
}

export interface Commits {
  readonly join: (member: Member) => void;
  /** Resolves when change and events are on the disk. When they cannot be written they are taken back, and it rejects. */
  readonly update: (apply: () => void, events?: readonly NewEvent[]) => Promise<void>;
  /** Reaches the disk with the next update or within `amendDelayMs`; tried again when that fails. */
  readonly amend: (apply: () => void, events?: readonly NewEvent[]) => void;
  /** Writes what is amended and waits for everything. */
  readonly flush: () => Promise<void>;
  /** The same for the last time. */
  readonly close: () => Promise<void>;
  readonly onEvents: (listener: (events: readonly Event[]) => void) => void;
}

export interface CommitOptions {
  readonly write: WriteBatch;
  /** What a failed write is told as. */
  readonly explain: (error: unknown) => unknown;
  readonly now: () => number;
}

const amendDelayMs = 1000;

interface Pending {
  readonly apply: () => void;
  readonly events: readonly StampedEvent[];
  /** Somebody waits for it. */
  readonly settle?: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
}

export class GroupCommits implements Commits {
  readonly #options: CommitOptions;
  readonly #members: Member[] = [];
  readonly #listeners: ((events: readonly Event[]) => void)[] = [];
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CommitOptions) {
    this.#options = options;
  }

  join(member: Member): void {
    this.#members.push(member);
  }

  onEvents(listener: (events: readonly Event[]) => void): void {
    this.#listeners.push(listener);
  }

  update(apply: () => void, events: readonly NewEvent[] = []): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#push({ apply, settle: { resolve, reject } }, events);
      this.#writing ??= this.#writeAll();
    });
  }

  amend(apply: () => void, events: readonly NewEvent[] = []): void {
    this.#push({ apply }, events);
    this.#writeSoon();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    if (this.#pending.length > 0) await (this.#writing ??= this.#writeAll());
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }

  #push(entry: Omit<Pending, 'events'>, events: readonly NewEvent[]): void {
    entry.apply();
    this.#pending.push({ ...entry, events: events.map((event) => stamp(event, this.#options.now())) });
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing ??= this.#writeAll();
    }, amendDelayMs).unref();
  }

  async #writeAll(): Promise<void> {
    // One turn of the event loop: all requests that arrived together share the write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    do await this.#writeOnce();
    while (this.#pending.some(({ settle }) => settle !== undefined));
    this.#writing = undefined;
    if (this.#pending.length > 0) this.#writeSoon();
  }

  async #writeOnce(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    try {
      const taken = this.#members.map((member) => member.take());
      const rows = taken.flatMap((part) => part.rows).filter(({ put, remove }) => put.length + remove.length > 0);
      const events = batch.flatMap((entry) => entry.events);
      const written = rows.length + events.length > 0 ? await this.#options.write({ rows, events }) : [];
      for (const { accept } of taken) accept();
      if (written.length > 0) this.#tell(written);
      for (const { settle } of batch) settle?.resolve();
    } catch (error) {
      this.#takeBack(batch, this.#options.explain(error));
    }
  }

  #tell(written: readonly Event[]): void {
    // What a listener throws is its own bug, and no failure of this write.
    for (const listener of this.#listeners) queueMicrotask(() => listener(written));
  }

  /** What nobody waits for is kept, and changes that came later stand on their own: both are applied again. */
  #takeBack(batch: readonly Pending[], reason: unknown): void {
    const again = [...batch.filter(({ settle }) => settle === undefined), ...this.#pending];
    for (const member of this.#members) member.revert();
    this.#pending = again.filter(({ apply, settle }) => {
      try {
        apply();
        return true;
      } catch (error) {
        // It stood on a change that is gone.
        settle?.reject(error);
        return false;
      }
    });
    for (const { settle } of batch) settle?.reject(reason);
  }
}
