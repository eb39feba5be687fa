/** Events and the cluster's state on one connection, for pages that show it: a browser has few connections to give. */
import { z } from 'zod';

import type { ApiActions } from '../actions.ts';
import { watchCluster, type ClusterWatch } from '../cluster-news.ts';
import { readLastEventId, streamEvents } from '../event-stream.ts';
import { route, type Route } from '../route.ts';
import { clusterNewsExample, WatchFrame } from '../schemas/watch.ts';

/** What a page shows of the time before it was opened. */
const historyLength = 200;

/** One look for all who watch the same service. */
const watches = new WeakMap<ApiActions, ClusterWatch>();

function watchOf(actions: ApiActions): ClusterWatch {
  const known = watches.get(actions) ?? watchCluster(actions);
  watches.set(actions, known);
  return known;
}

export const watchRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/watch',
    id: 'watchCluster',
    tag: 'service',
    scope: 'read',
    summary: 'Follow what happens and how everything is',
    description:
      'Server-sent events as those of `/events`, from 200 before now on, and between them `event: cluster`, without an ' +
      'id: how all nodes are, waiting boards, image versions and roles; then, at most every 5 s, what has changed of ' +
      'it, also that which is no event: temperatures, nodes that fell silent, boards that wait, versions that were built.',
    isResumable: true,
    answers: {
      200: {
        summary: 'It ends with the service',
        mediaType: 'text/event-stream',
        schema: z.string(),
        eventData: WatchFrame,
        example: `event: cluster\ndata: ${JSON.stringify(clusterNewsExample)}\n\n`,
      },
    },
    run: ({ actions, lastEventId, isStillAllowed, signal }) => {
      const after = readLastEventId(lastEventId) ?? Math.max(0, actions.events.lastId() - historyLength);
      return {
        kind: 'stream',
        send: async (to) => {
          // Its headers are out when this returns.
          const streamed = streamEvents({ events: actions.events, after, to, isStillAllowed, signal });
          const leave = watchOf(actions).join({
            send: (frame) => {
              if (to.writableNeedDrain || to.writableEnded) return false;
              to.write(frame);
              return true;
            },
          });
          await streamed.finally(leave);
        },
      };
    },
  }),
];
