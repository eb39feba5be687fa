/**
 * Messages between the service and the thread of its boot plane: all of one turn of the event loop cross together, in
 * order. How many the other side has not taken yet is counted in memory that both see, so that a flood can be held back.
 */
import type { MessagePort } from 'node:worker_threads';

/** What both ends of a worker are. */
export type LinkPort = Pick<MessagePort, 'postMessage'> & {
  on(event: 'message', listener: (value: unknown) => void): unknown;
};

export interface Link<Out> {
  /** `transfer` is the sender's no longer. */
  readonly send: (message: Out, transfer?: ArrayBuffer) => void;
  /** What was sent and the other side has not taken yet. */
  readonly backlog: () => number;
}

/** Made by one side and given to the other when it starts. */
export interface LinkCounts {
  /** Taken so far by: the thread, the service. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

type LinkEnd = 'thread' | 'service';

export function newLinkCounts(): LinkCounts {
  return { taken: new Int32Array(new SharedArrayBuffer(8)) };
}

const places = { thread: 0, service: 1 } as const;

export interface LinkOptions<In> {
  readonly end: LinkEnd;
  readonly counts: LinkCounts;
  /** What it throws ends the link's side: whoever may not end catches. */
  readonly received: (message: In) => void;
}

export function openLink<Out, In>(port: LinkPort, { end, counts, received }: LinkOptions<In>): Link<Out> {
  const { taken } = counts;
  const other = places[end === 'thread' ? 'service' : 'thread'];
  let sent = 0;
  let outbox: Out[] = [];
  let transfers: ArrayBuffer[] = [];
  const flush = (): void => {
    const [messages, moved] = [outbox, transfers];
    outbox = [];
    transfers = [];
    port.postMessage(messages, moved);
  };
  port.on('message', (value) => {
    for (const message of value as In[]) {
      Atomics.add(taken, places[end], 1);
      received(message);
    }
  });
  return {
    send: (message, transfer) => {
      // Whatever else happens in this turn goes with it.
      if (outbox.length === 0) setImmediate(flush);
      outbox.push(message);
      if (transfer !== undefined) transfers.push(transfer);
      sent = (sent + 1) | 0;
    },
    backlog: () => (sent - Atomics.load(taken, other)) | 0,
  };
}
