/** What has changed in the cluster since those who watch were told last: found once for all of them. */
import type { NodeAnswer, ApiActions } from './actions.ts';
import type { NodeTile } from './schemas/watch.ts';

type Watched = Pick<ApiActions, 'nodes' | 'unknownBoards' | 'images' | 'roles' | 'events'>;

/** How it is, as the JSON that is sent. */
interface Look {
  readonly asOf: number;
  readonly nodes: ReadonlyMap<string, string>;
  readonly boards: string;
  readonly images: string;
  readonly roles: string;
}

interface Watcher {
  /** @param frame the same bytes for all. @returns false when it cannot take more now: it gets all of it next time */
  readonly send: (frame: Buffer) => boolean;
}

export interface ClusterWatch {
  /** It is told how everything is before this returns. @returns how to leave */
  readonly join: (watcher: Watcher) => () => void;
}

/** Heartbeats come every 10 s. */
const defaultLookMs = 5000;

/** Looks only while somebody watches. */
export function watchCluster(actions: Watched, lookMs = defaultLookMs): ClusterWatch {
  /** Whether each has what was sent before. */
  const watchers = new Map<Watcher, boolean>();
  let last: Look | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    const now = tryLook(actions);
    if (now === undefined) return;
    const changes = last === undefined ? undefined : frame(last, now);
    let whole: Buffer | undefined;
    for (const [watcher, isCurrent] of watchers) {
      const text = isCurrent ? changes : (whole ??= frame(undefined, now));
      if (text !== undefined) watchers.set(watcher, watcher.send(text));
    }
    last = now;
  };
  return {
    join: (watcher) => {
      watchers.set(watcher, false);
      tell();
      timer ??= setInterval(tell, lookMs).unref();
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        clearInterval(timer);
        timer = undefined;
        last = undefined;
      };
    },
  };
}

/** What cannot be told now is told at the next look; whoever asks for it by its own route hears why. */
function tryLook(actions: Watched): Look | undefined {
  try {
    return look(actions);
  } catch {
    return undefined;
  }
}

function look(actions: Watched): Look {
  return {
    asOf: actions.events.lastId(),
    nodes: new Map(actions.nodes().answer.map((node) => [node.name, tileText(node)])),
    boards: JSON.stringify(actions.unknownBoards()),
    images: JSON.stringify(actions.images()),
    roles: JSON.stringify(actions.roles()),
  };
}

/** @returns undefined when nothing has changed */
function frame(before: Look | undefined, { asOf, nodes, ...lists }: Look): Buffer | undefined {
  const changed = [...nodes].filter(([name, text]) => before?.nodes.get(name) !== text).map(([, text]) => text);
  const removed = [...(before?.nodes.keys() ?? [])].filter((name) => !nodes.has(name));
  const others = (['boards', 'images', 'roles'] as const).filter((list) => before?.[list] !== lists[list]);
  if (before !== undefined && changed.length + removed.length + others.length === 0) return undefined;
  const fields = [
    `"asOf":${asOf}`,
    `"isWhole":${before === undefined}`,
    `"nodes":[${changed.join(',')}]`,
    `"removed":${JSON.stringify(removed)}`,
    ...others.map((list) => `"${list}":${lists[list]}`),
  ];
  return Buffer.from(`event: cluster\ndata: {${fields.join(',')}}\n\n`);
}

/** An answer that is the same object as at the last look has the same tile. */
const tiles = new WeakMap<NodeAnswer, string>();

function tileText(node: NodeAnswer): string {
  const text = tiles.get(node) ?? JSON.stringify(tileOf(node));
  tiles.set(node, text);
  return text;
}

export function tileOf({ name, board, address, role, power, status }: NodeAnswer): NodeTile {
  const { state, reason, heartbeat, running, desired } = status;
  const temperature = heartbeat?.temperatureCelsius;
  return {
    name,
    board,
    address: status.address ?? address,
    role,
    power,
    state,
    reason,
    image: running?.image,
    next: desired !== undefined && desired.image !== running?.image ? desired.image : undefined,
    // Whole degrees: a tenth would be news every ten seconds.
    temperatureCelsius: temperature === undefined ? undefined : Math.round(temperature),
    throttled: heartbeat?.throttled,
    boot: bootOf(status.lastBoot),
  };
}

function bootOf(boot: NodeAnswer['status']['lastBoot']): NodeTile['boot'] {
  if (boot === undefined) return undefined;
  const { id, startedAtMs, phases, closed } = boot;
  return { id, startedAtMs, phase: phases.at(-1)?.phase ?? 'offered', isOpen: closed === undefined };
}
