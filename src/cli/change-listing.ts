/** Who changed what, as a table. */
import type { Change } from '../api/schemas/rollout.ts';
import { printable, renderTime } from './format.ts';
import type { Listing } from './output.ts';

/** @param who of whom nothing is known, where the list is empty */
export const changeListing = (who: string, hasNodes: boolean): Listing<Change> => ({
  columns: [
    { title: 'when', of: ({ atMs }) => renderTime(atMs) },
    ...(hasNodes ? [{ title: 'node', of: ({ node }: Change) => node }] : []),
    { title: 'what', of: ({ what }) => printable(what) },
    { title: 'by', of: ({ by }) => by },
    { title: 'why', of: ({ cause }) => cause && printable(cause) },
  ],
  name: ({ atMs }) => new Date(atMs).toISOString(),
  data: ({ atMs, ...change }) => ({ at: new Date(atMs).toISOString(), ...change }),
  empty: `no change of ${who} is remembered`,
});
