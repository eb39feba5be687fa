/** The cluster as the page shows it, kept by the stream; lists that hang on events are asked for when those come. */
import { useEffect, useState } from 'preact/hooks';

import type { AnyOperation } from '../api/schemas/operation.ts';
import type { Rollout } from '../model/rollout.ts';
import { announce } from './announce.ts';
import type { AskError, Service } from './ask.ts';
import { applyEvents, applyNews, unknownCluster, type Cluster } from './cluster.ts';
import { drawTiles } from './draw-tiles.ts';
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

interface Kept extends Shown {
  /** What is known by now; what is shown follows, a few boards at a time. */
  readonly known: Cluster;
}

const nothing: Kept = {
  known: unknownCluster,
  cluster: unknownCluster,
  connection: 'connecting',
  operations: [],
  rollouts: undefined,
  said: '',
};

type Change = (change: (kept: Kept) => Kept) => void;

const tilesAtOnce = 32;
/** What was drawn reaches the screen before the next are. */
const restBetweenDrawsMs = 50;

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
          const known = applyEvents(news.reduce(applyNews, before.known), events);
          const said = before.known.isKnown ? announce(before.known.nodes, known.nodes) : '';
          return drawNext({ ...before, known, said: said === '' ? before.said : said });
        });
        if (events.some(({ kind }) => /^(operation|rollout)\./.test(kind))) refresh();
      },
    };
    void follow(service, listener, stop.signal);
    return () => stop.abort();
  }, [service]);
  useEffect(() => {
    if (shown.cluster === shown.known) return undefined;
    const timer = setTimeout(() => change(drawNext), restBetweenDrawsMs);
    return () => clearTimeout(timer);
  }, [shown.cluster, shown.known]);
  return shown;
}

function drawNext(kept: Kept): Kept {
  const { known } = kept;
  const nodes = drawTiles(kept.cluster.nodes, known.nodes, tilesAtOnce);
  return { ...kept, cluster: nodes === known.nodes ? known : { ...known, nodes } };
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
