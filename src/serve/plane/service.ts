/** The service's side of the boot plane: DHCP and TFTP as parts that run in one thread, which is started again when it dies. */
import type { Worker } from 'node:worker_threads';

import { describeError } from '../../model/describe-error.ts';
import type { Log } from '../../model/log.ts';
import type { Part } from '../supervise.ts';
import { fromFailure } from './failure.ts';
import { newLinkCounts, type Link, type LinkCounts } from './link.ts';
import type { PlanePart, ToThread } from './messages.ts';
import { RunningPlane } from './running-plane.ts';
import { planeAnswers, type AnswersDeps } from './service-answers.ts';
import { siteFeed, type FeedDeps } from './service-feed.ts';

export interface PlaneDeps extends AnswersDeps, FeedDeps {
  /** @param launch 1 for the first thread of this process */
  readonly start: (counts: LinkCounts, launch: number) => Worker;
  readonly giveUp: (reason: Error) => void;
  readonly log: Log;
}

export interface Plane {
  readonly parts: readonly Part[];
  readonly close: () => Promise<void>;
}

const partNames: readonly PlanePart[] = ['dhcp', 'tftp'];

export function openPlane(deps: PlaneDeps): Plane {
  const { log } = deps;
  const feed = siteFeed(deps);
  const answer = planeAnswers(deps);
  let running: RunningPlane | undefined;
  let launches = 0;
  const launch = (): RunningPlane => {
    const counts = newLinkCounts();
    const plane: RunningPlane = new RunningPlane(deps.start(counts, ++launches), {
      counts,
      told: (message, link: Link<ToThread>) =>
        message.kind === 'give-up' ? deps.giveUp(fromFailure(message.failure)) : answer(message, link),
      died: (reason) => {
        // Once, with its stack; the parts say it in short.
        log.warn('plane.died', { reason: describeError(reason) });
        if (running === plane) running = undefined;
      },
    });
    feed.attach(plane.link);
    return plane;
  };
  const partOf = (name: PlanePart): Part => ({
    name,
    run: (signal, ready) => {
      running ??= launch();
      return running.run(name, signal, ready);
    },
  });
  return {
    parts: partNames.map(partOf),
    close: async () => {
      await running?.end();
      running = undefined;
    },
  };
}
