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

export function groupCommits({ write, explain, now }: CommitOptions): Commits {
  const members: Member[] = [];
  const listeners: ((events: readonly Event[]) => void)[] = [];
  let pending: Pending[] = [];
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const writeOnce = async () => {
    const batch = pending;
    pending = [];
    try {
      const taken = members.map((member) => member.take());
      const rows = taken.flatMap((part) => part.rows).filter(({ put, remove }) => put.length + remove.length > 0);
      const events = batch.flatMap((entry) => entry.events);
      const written = rows.length + events.length > 0 ? await write({ rows, events }) : [];
      for (const { accept } of taken) accept();
      for (const { settle } of batch) settle?.resolve();
      if (written.length > 0) for (const listener of listeners) queueMicrotask(() => listener(written));
    } catch (error) {
      takeBack(batch, explain(error));
    }
  };
  /** What nobody waits for is kept, and changes that came later stand on their own: both are applied again. */
  const takeBack = (batch: readonly Pending[], reason: unknown) => {
    const again = [...batch.filter(({ settle }) => settle === undefined), ...pending];
    for (const member of members) member.revert();
    pending = again.filter(({ apply, settle }) => {
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
  };
  const writeAll = async () => {
    // One turn of the event loop: all requests that arrived together share the write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    do await writeOnce();
    while (pending.some(({ settle }) => settle !== undefined));
    writing = undefined;
    if (pending.length > 0) writeSoon();
  };
  const writeSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      writing ??= writeAll();
    }, amendDelayMs).unref();
  };
  const push = (entry: Omit<Pending, 'events'>, events: readonly NewEvent[]) => {
    entry.apply();
    pending.push({ ...entry, events: events.map((event) => stamp(event, now())) });
  };

  return {
    join: (member) => void members.push(member),
    update: (apply, events = []) =>
      new Promise<void>((resolve, reject) => {
        push({ apply, settle: { resolve, reject } }, events);
        writing ??= writeAll();
      }),
    amend: (apply, events = []) => {
      push({ apply }, events);
      writeSoon();
    },
    flush: async () => {
      clearTimeout(timer);
      timer = undefined;
      await writing;
      if (pending.length > 0) await writeOnce();
    },
    onEvents: (listener) => void listeners.push(listener),
  };
}
