/** The cluster as the page shows it, kept by the stream; lists that hang on events are asked for when those come. */
import { useEffect, useState } from 'preact/hooks';

import type { AnyOperation } from '../api/schemas/operation.ts';
import type { Rollout } from '../model/rollout.ts';
import { announce } from './announce.ts';
import type { AskError, Service } from './ask.ts';
import { applyEvents, applyNews, unknownCluster, type Cluster } from './cluster.ts';
import { follow, type Connection, type Listener } from './live.ts';

export interface Shown {
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly operations: readonly AnyOperation[];
  /** undefined: this service has none. */
  readonly rollouts: readonly Rollout[] | undefined;
  /** For those who hear the page. */
  readonly said: string;
}

const nothing: Shown = {
  cluster: unknownCluster,
  connection: 'connecting',
  operations: [],
  rollouts: undefined,
  said: '',
};

type Change = (change: (shown: Shown) => Shown) => void;

/** @param refused called when the token is no good any more */
export function useCluster(service: Service, refused: (error: AskError) => void): Shown {
  const [shown, change] = useState(nothing);
  useEffect(() => {
    const stop = new AbortController();
    const refresh = createRefresh(service, change, stop.signal);
    const listener: Listener = {
      refused,
      connection: (connection) => {
        change((before) => ({ ...before, connection }));
        if (connection === 'live') refresh();
      },
      batch: (news, events) => {
        change((before) => {
          const told = news.reduce(applyNews, before.cluster);
          const cluster = applyEvents(told, events);
          const said = before.cluster.isKnown ? announce(before.cluster.nodes, cluster.nodes) : '';
          return { ...before, cluster, said: said === '' ? before.said : said };
        });
        if (events.some(({ kind }) => /^(operation|rollout)\./.test(kind))) refresh();
      },
    };
    void follow(service, listener, stop.signal);
    return () => stop.abort();
  }, [service]);
  return shown;
}

const restMs = 500;

/** One question at a time; what happens meanwhile is one more. */
function createRefresh(service: Service, change: Change, signal: AbortSignal): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    isRunning = true;
    while (isWanted && !signal.aborted) {
      isWanted = false;
      await askLists(service, change, signal);
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}

async function askLists(service: Service, change: Change, signal: AbortSignal): Promise<void> {
  const quiet = async <T>(path: string): Promise<T | undefined> => {
    try {
      return await service.ask<T>(path, { signal });
    } catch {
      // The stream tells when the service is gone; an older one has no rollouts.
      return undefined;
    }
  };
  const [operations, rollouts] = await Promise.all([
    quiet<AnyOperation[]>('/operations'),
    quiet<Rollout[]>('/rollouts'),
  ]);
  change((before) => ({
    ...before,
    operations: operations ?? before.operations,
    rollouts: rollouts ?? before.rollouts,
  }));
}
