/** Who changed what of a node; asked for when somebody wants to know. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Change } from '../api/schemas/rollout.ts';
import type { NodeTile } from '../api/schemas/watch.ts';
import type { Service } from './ask.ts';
import { ErrorNote, Moment } from './pieces.tsx';
import { useAsked } from './use-asked.ts';

export interface NodeHistoryProps {
  readonly service: Service;
  readonly tile: NodeTile;
}

export function NodeHistory(props: NodeHistoryProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Who changed what</summary>
      {isOpen && <Changes {...props} />}
    </details>
  );
}

function Changes({ service, tile }: NodeHistoryProps): JSX.Element {
  const { answer, error } = useAsked<Change[]>(service, `/nodes/${encodeURIComponent(tile.name)}/history`, tile);
  return (
    <>
      <ErrorNote error={error} />
      {answer?.length === 0 && <p>Nothing that is still known.</p>}
      <ol class="history">
        {answer?.map(({ atMs, kind, what, by, cause }) => (
          <li key={`${atMs} ${kind} ${what}`}>
            <Moment ms={atMs} /> {what}
            {by !== undefined && <span class="quiet"> by {by}</span>}
            {cause !== undefined && <p class="quiet">{cause}</p>}
          </li>
        ))}
      </ol>
    </>
  );
}
