/** Asks a node that runs whether it is there, when somebody claims to be its board: over the heartbeat that it holds open. */
import type { Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import type { NewEvent } from '../model/event.ts';
import type { Log } from '../model/log.ts';
import type { BootSign } from '../plan/boot-timeline.ts';
import { challengeMs, whoMustAnswer } from '../plan/challenge.ts';
import type { Heartbeats } from './heartbeats.ts';

export interface ChallengesDeps {
  readonly heartbeats: Pick<Heartbeats, 'heardMs'>;
  /** Resolves when the events are on the disk. */
  readonly append: (events: readonly NewEvent[]) => Promise<unknown>;
  readonly now: () => number;
  readonly log: Log;
  readonly waitMs?: number;
}

/** Who says that he is the node's board, and how. */
interface Claimed {
  readonly mac: string;
  readonly sign: BootSign;
}

export interface Challenges {
  /** The boot that has to be asked before another one of this node may begin. */
  readonly whoMustAnswer: (boots: readonly Boot[], node: string) => Boot | undefined;
  /** Resolves with true when it answers, and an alarm is raised; with false after some seconds of silence. */
  readonly ask: (running: Boot, claimed: Claimed) => Promise<boolean>;
  /** Aborts when this boot is asked: an answer that is held is given then. */
  readonly asked: (boot: Boot) => AbortSignal;
  readonly isAsked: (boot: Boot) => boolean;
  /** It spoke under its key. */
  readonly heard: (boot: Boot) => void;
}

interface Pending {
  readonly boot: string;
  readonly isUp: Promise<boolean>;
  readonly answer: () => void;
}

/** One alarm for as long: whoever tries it does so again and again. */
const toldMs = 60_000;

export function createChallenges(deps: ChallengesDeps): Challenges {
  const { heartbeats, now, waitMs = challengeMs } = deps;
  const pending = new Map<string, Pending>();
  const bells = new Map<string, AbortController>();
  /** Node -> its boot that did not answer. */
  const silent = new Map<string, string>();
  const alarm = alarms(deps);
  const isAsked = ({ node, id }: Boot) => pending.get(node)?.boot === id;

  const begin = ({ node, id }: Boot): Pending => {
    const answered = new AbortController();
    const isUp = new Promise<boolean>((resolve) => {
      const end = (isThere: boolean) => {
        clearTimeout(timer);
        pending.delete(node);
        if (!isThere) silent.set(node, id);
        resolve(isThere);
      };
      const timer = setTimeout(end, waitMs, false);
      answered.signal.addEventListener('abort', () => end(true), { once: true });
    });
    return { boot: id, isUp, answer: () => answered.abort() };
  };

  const ask: Challenges['ask'] = async (running, claimed) => {
    const { node } = running;
    const before = pending.get(node);
    if (before !== undefined) return before.isUp;
    const asking = begin(running);
    pending.set(node, asking);
    bells.get(node)?.abort();
    bells.delete(node);
    const isUp = await asking.isUp;
    if (isUp) alarm(running, claimed);
    return isUp;
  };

  return {
    whoMustAnswer: (boots, node) => {
      const heardMs = (boot: Boot) => (silent.get(node) === boot.id ? undefined : heartbeats.heardMs(boot));
      return whoMustAnswer({ boots, node, heardMs, nowMs: now() });
    },
    ask,
    asked: (boot) => {
      if (isAsked(boot)) return AbortSignal.abort();
      // One for each heartbeat: what waits on a signal that lives on is never let go.
      const bell = new AbortController();
      bells.set(boot.node, bell);
      return bell.signal;
    },
    isAsked,
    heard: (boot) => {
      if (silent.get(boot.node) === boot.id) silent.delete(boot.node);
      if (isAsked(boot)) pending.get(boot.node)?.answer();
    },
  };
}

function alarms({ append, now, log }: ChallengesDeps): (running: Boot, claimed: Claimed) => void {
  const told = new Map<string, number>();
  return ({ node, id, address }, { mac, sign }) => {
    const nowMs = now();
    if (nowMs - (told.get(node) ?? -Infinity) < toldMs) return;
    told.set(node, nowMs);
    log.warn('boot.impostor', { node, boot: id, address, mac, sign });
    append([{ kind: 'boot.impostor', node, fields: { boot: id, address, mac, sign } }]).catch((error: unknown) =>
      log.warn('boot.impostor-untold', { node, reason: describeError(error) }),
    );
  };
}
