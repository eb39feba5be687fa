/** Tells the thread what the site is: whole when it starts, and what changed at the end of the turn in which it did. */
import type { StateFile } from '../../host/state-file.ts';
import type { MacAddress } from '../../model/mac.ts';
import { isSameList } from '../../model/same-list.ts';
import type { UnknownBoard } from '../../model/state.ts';
import { bootBytes } from '../../plan/boot-bytes.ts';
import type { Site } from '../site.ts';
import type { Link } from './link.ts';
import type { PlaneSite, ToThread } from './messages.ts';

export interface FeedDeps {
  readonly site: Pick<Site, 'view' | 'onChange'>;
  readonly state: Pick<StateFile, 'current' | 'onChange'>;
}

export interface Feed {
  /** Only the newest thread is told. */
  readonly attach: (link: Link<ToThread>) => void;
}

export function siteFeed({ site, state }: FeedDeps): Feed {
  let told: Told | undefined;
  let isDue = false;
  const tell = (): void => {
    isDue = false;
    if (told === undefined) return;
    const { cluster, nodes, images } = site.view();
    const { network, ports } = cluster;
    tellSite(told, { network, ports, nodes, bootBytes: bootBytes({ cluster, images }) });
    tellBoards(told, state.current().unknownBoards);
  };
  site.onChange(() => {
    // Changes come in hundreds; one message tells them.
    if (!isDue && told !== undefined) setImmediate(tell);
    isDue = told !== undefined;
  });
  return {
    attach: (link) => {
      told = { link, site: undefined, boards: new Map() };
      tell();
    },
  };
}

/** What one thread knows. */
interface Told {
  readonly link: Link<ToThread>;
  site: PlaneSite | undefined;
  listed?: readonly UnknownBoard[];
  readonly boards: Map<MacAddress, UnknownBoard>;
}

function tellSite(told: Told, site: PlaneSite): void {
  if (told.site !== undefined && isSame(told.site, site)) return;
  told.site = site;
  told.link.send({ kind: 'site', site });
}

function isSame(one: PlaneSite, other: PlaneSite): boolean {
  const { network, ports, nodes, bootBytes: bytes } = other;
  if (one.network !== network || one.ports !== ports || one.bootBytes !== bytes) return false;
  return one.nodes === nodes || isSameList(one.nodes, nodes);
}

function tellBoards(told: Told, boards: readonly UnknownBoard[]): void {
  const { listed = [] } = told;
  if (listed === boards) return;
  told.listed = boards;
  // Of ten thousand boards those that asked lately stand at the end.
  const rest = boards.slice(sameAtBegin(listed, boards));
  const seen = rest.filter((board) => isNews(told.boards.get(board.mac), board));
  for (const board of seen) told.boards.set(board.mac, board);
  const gone = told.boards.size === boards.length ? [] : notAmong(boards, told.boards);
  for (const mac of gone) told.boards.delete(mac);
  if (seen.length + gone.length > 0) told.link.send({ kind: 'boards', seen, gone });
}

function sameAtBegin(one: readonly UnknownBoard[], other: readonly UnknownBoard[]): number {
  const index = one.findIndex((board, at) => board !== other[at]);
  return index === -1 ? one.length : index;
}

/** What else is known of a board is of no use there. */
function isNews(before: UnknownBoard | undefined, { address, leaseUntilMs }: UnknownBoard): boolean {
  return before?.address !== address || before.leaseUntilMs !== leaseUntilMs;
}

function notAmong(boards: readonly UnknownBoard[], told: ReadonlyMap<MacAddress, UnknownBoard>): MacAddress[] {
  const macs = new Set(boards.map(({ mac }) => mac));
  return [...told.keys()].filter((mac) => !macs.has(mac));
}
