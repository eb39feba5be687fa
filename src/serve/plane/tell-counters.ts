/** Tells the service what the thread has counted: every two seconds, and only what has grown. A packet costs no message. */
import type { PlaneCounters } from './messages.ts';
import type { PlaneThread } from './thread.ts';

const everyMs = 2000;

/** For as long as the thread lives: a part that is started again counts on. */
export function tellCounters({ count }: Pick<PlaneThread, 'count'>, counters: PlaneCounters): void {
  let told = '';
  const tell = () => {
    const text = JSON.stringify(counters);
    if (text !== told) count(counters);
    told = text;
  };
  setInterval(tell, everyMs).unref();
}
