/** The thread's lines go to the service, which has the one log. A flood that it cannot take is counted instead of kept. */
import type { Log, LogFields } from '../../model/log.ts';
import type { Link } from './link.ts';
import type { FromThread } from './messages.ts';

/** Some hundred bytes each. */
const maxBacklog = 5000;

export function threadLog(link: Link<FromThread>): Log {
  let dropped = 0;
  const write = (level: 'info' | 'warn') => (event: string, fields?: LogFields) => {
    if (link.backlog() >= maxBacklog) {
      dropped += 1;
      return;
    }
    if (dropped > 0) link.send({ kind: 'log', level: 'warn', event: 'log.dropped', fields: { lines: dropped } });
    dropped = 0;
    link.send({ kind: 'log', level, event, fields });
  };
  return { info: write('info'), warn: write('warn') };
}
