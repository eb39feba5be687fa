/** What the service does with what its thread asks and tells. No message of the thread can end the service. */
import { describeError } from '../../model/describe-error.ts';
import { unreachable } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import type { BootFileContent, FindBootFile } from '../boot-files.ts';
import type { Boots } from '../boots.ts';
import type { DhcpRecorder } from '../dhcp-record.ts';
import type { Health } from '../health.ts';
import { toFailure, type Failure } from './failure.ts';
import type { Link } from './link.ts';
import type { FromThread, PlaneCounters, ServedFile, ToThread } from './messages.ts';

export interface AnswersDeps {
  readonly find: FindBootFile;
  readonly boots: Pick<Boots, 'countFile' | 'noteUnfinished'>;
  readonly recorder: DhcpRecorder;
  readonly health: Pick<Health, 'report' | 'describe'>;
  /** Told every few seconds while they grow. */
  readonly counted: (counters: PlaneCounters) => void;
  readonly log: Log;
}

export type Told = Exclude<FromThread, { readonly kind: 'ready' | 'ended' | 'give-up' }>;

export function planeAnswers(deps: AnswersDeps): (message: Told, link: Link<ToThread>) => void {
  const answer = answerer(deps);
  return (message, link) => {
    try {
      answer(message, link);
    } catch (error) {
      deps.log.warn('plane.failed', { message: message.kind, reason: describeError(error) });
    }
  };
}

function answerer({
  find,
  boots,
  recorder,
  health,
  counted,
  log,
}: AnswersDeps): (message: Told, link: Link<ToThread>) => void {
  return (message, link) => {
    switch (message.kind) {
      case 'find': {
        const reply = (found: BootFileContent | Failure) => tellFound(link, message.id, found);
        return void find(message.path, message.address).then(reply, (error: unknown) => reply(toFailure(error)));
      }
      case 'record': {
        const reply = (failure?: Failure) => link.send({ kind: 'recorded', id: message.id, failure });
        return void recorder.record(message.record).then(
          () => reply(),
          (error: unknown) => reply(toFailure(error)),
        );
      }
      case 'sign':
        return recorder.sign(message.sign);
      case 'served':
        for (const served of message.files) countServed(boots, served);
        return;
      case 'problems':
        return health.report(message.part, message.problems);
      case 'about':
        return health.describe(message.part, message.about);
      case 'counted':
        return counted(message.counters);
      case 'log':
        return log[message.level](message.event, message.fields);
      default:
        return unreachable(message);
    }
  };
}

function countServed(boots: AnswersDeps['boots'], { address, bytes, file, unfinished }: ServedFile): void {
  if (unfinished === undefined) boots.countFile(address, bytes, file);
  else boots.noteUnfinished(address, unfinished);
}

/** Bytes move in a buffer of their own: what they are part of here may be the memory of many other things. */
function tellFound(link: Link<ToThread>, id: number, found: BootFileContent | Failure): void {
  if (found.kind !== 'bytes') return link.send({ kind: 'found', id, found });
  const bytes = Uint8Array.from(found.bytes);
  link.send({ kind: 'found', id, found: { kind: 'bytes', bytes } }, bytes.buffer);
}
