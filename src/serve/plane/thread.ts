/** The thread's side of the boot plane: what DHCP and TFTP ask of the service, and what they tell it. */
import type { Ipv4Address } from '../../model/ipv4.ts';
import type { Log } from '../../model/log.ts';
import type { BootFileContent } from '../boot-files.ts';
import { fromFailure, toFailure, type Failure } from './failure.ts';
import { openLink, type LinkCounts, type LinkPort } from './link.ts';
import type { FromThread, PlaneCounters, PlanePart, PlaneRecord, PlaneSign, ServedFile, ToThread } from './messages.ts';
import { Questions } from './questions.ts';
import { threadLog } from './thread-log.ts';
import { ThreadParts, type RunPart } from './thread-parts.ts';
import { ThreadSite } from './thread-site.ts';

export interface PlaneThread {
  readonly site: ThreadSite;
  readonly log: Log;
  /** One question to the service per file; blocks need none. */
  readonly find: (path: string, address: Ipv4Address) => Promise<BootFileContent>;
  /** Resolves when the disk has it. @throws when it cannot be written down: then the board is not to be answered */
  readonly record: (record: PlaneRecord) => Promise<void>;
  /** Nobody waits for it; it comes before every question that is asked after it. */
  readonly sign: (sign: PlaneSign) => void;
  readonly served: (file: ServedFile) => void;
  /** Everything that is wrong with the part now, while it runs. */
  readonly report: (part: PlanePart, problems: readonly string[]) => void;
  /** What is worth knowing of the part while all is well. */
  readonly describe: (part: PlanePart, about: string) => void;
  /** What it has done so far. */
  readonly count: (counters: PlaneCounters) => void;
  /** Ends the whole service. */
  readonly giveUp: (reason: Error) => void;
}

/** Signs and files are told at most so far ahead of a service that does not listen: a flood must not grow. */
const maxBacklog = 20_000;

/** How late the service hears of a file that a board has. */
const servedMs = 100;

/** Joins the service: `parts` run as it says. */
export function joinPlane(
  port: LinkPort,
  counts: LinkCounts,
  partsOf: (plane: PlaneThread) => Readonly<Record<PlanePart, RunPart>>,
): void {
  const site = new ThreadSite();
  const finds = new Questions<BootFileContent | Failure>();
  const records = new Questions<Failure | undefined>();
  const received = (message: ToThread): void => {
    switch (message.kind) {
      case 'site':
        return site.become(message.site);
      case 'boards':
        return site.change(message);
      case 'found':
        return finds.answer(message.id, message.found);
      case 'recorded':
        return records.answer(message.id, message.failure);
      case 'start':
        return parts.start(message.part);
      case 'stop':
        return parts.stop(message.part);
    }
  };
  const link = openLink<FromThread, ToThread>(port, { end: 'thread', counts, received });
  const served = servedFiles((files) => {
    if (link.backlog() < maxBacklog) link.send({ kind: 'served', files });
  });
  const plane: PlaneThread = {
    site,
    log: threadLog(link),
    find: async (path, address) => {
      const found = await finds.ask((id) => link.send({ kind: 'find', id, path, address }));
      if (found.kind === 'failed' || found.kind === 'bug') throw fromFailure(found);
      return found;
    },
    record: async (record) => {
      const failure = await records.ask((id) => link.send({ kind: 'record', id, record }));
      if (failure !== undefined) throw fromFailure(failure);
    },
    sign: (sign) => {
      // What was loaded before belongs to the boot before.
      served.flush();
      if (link.backlog() < maxBacklog) link.send({ kind: 'sign', sign });
    },
    served: served.add,
    report: (part, problems) => link.send({ kind: 'problems', part, problems }),
    describe: (part, about) => link.send({ kind: 'about', part, about }),
    count: (counters) => link.send({ kind: 'counted', counters }),
    giveUp: (reason) => link.send({ kind: 'give-up', failure: toFailure(reason) }),
  };
  const parts = new ThreadParts(partsOf(plane), link, served.flush);
}

function servedFiles(send: (files: readonly ServedFile[]) => void) {
  let files: ServedFile[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (files.length > 0) send(files);
    files = [];
  };
  const add = (file: ServedFile): void => {
    files.push(file);
    timer ??= setTimeout(flush, servedMs);
  };
  return { add, flush };
}
