/** Boards without a name: what they say of themselves, and how they become nodes. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { renderBytes } from '../model/bytes.ts';
import type { WaitingBoard } from '../model/state.ts';
import type { Cluster } from './cluster.ts';
import type { Service } from './ask.ts';
import { AdoptDialog } from './adopt-dialog.tsx';
import { Badge, Empty, ErrorNote, Moment } from './pieces.tsx';
import { useDoing } from './use-asked.ts';

export interface BoardsProps {
  readonly service: Service;
  readonly cluster: Cluster;
  readonly open: (node: string) => void;
}

const bytesPerMib = 1_048_576;

export function BoardsView({ service, cluster, open }: BoardsProps): JSX.Element {
  const [adopts, setAdopts] = useState<WaitingBoard | undefined>();
  if (cluster.isKnown && cluster.boards.length === 0) {
    return (
      <Empty title="No board waits for a name.">
        <p>One that is switched on and is no node turns up here within seconds.</p>
      </Empty>
    );
  }
  return (
    <>
      <p class="lead">
        In the order in which they were switched on. A board that you adopt gets the secrets of its role.
      </p>
      <ul class="cards">
        {cluster.boards.map((board) => (
          <BoardCard key={board.mac} service={service} board={board} adopt={() => setAdopts(board)} />
        ))}
      </ul>
      {adopts !== undefined && (
        <AdoptDialog
          service={service}
          board={adopts}
          cluster={cluster}
          close={() => setAdopts(undefined)}
          done={(node) => {
            setAdopts(undefined);
            open(node);
          }}
        />
      )}
    </>
  );
}

interface BoardCardProps {
  readonly service: Service;
  readonly board: WaitingBoard;
  readonly adopt: () => void;
}

function BoardCard({ service, board, adopt }: BoardCardProps): JSX.Element {
  const doing = useDoing();
  const { mac, hold } = board;
  const blink = () =>
    doing.run(() =>
      service.ask(`/unknown-boards/${encodeURIComponent(mac)}:blink`, { method: 'POST' }).then(() => undefined),
    );
  const name = board.model ?? board.board ?? 'Unknown board';
  return (
    <li class="card">
      <h2>{name}</h2>
      <p>
        <Badge tone={hold === undefined ? 'wait' : 'good'}>
          {hold === undefined ? 'asked for an address' : 'listens'}
        </Badge>
      </p>
      <dl class="facts">
        {factsOf(board).map(([fact, value]) => (
          <div key={fact}>
            <dt>{fact}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>First seen</dt>
          <dd>
            <Moment ms={board.firstSeenMs} />
          </dd>
        </div>
      </dl>
      <ErrorNote error={doing.error} />
      <footer class="actions start">
        <button type="button" class="main" aria-label={`Adopt ${name} ${mac}`} onClick={adopt}>
          Adopt…
        </button>
        {hold !== undefined && (
          <button type="button" disabled={doing.isBusy} onClick={blink} aria-label={`Have the LED of ${mac} blink`}>
            Blink
          </button>
        )}
      </footer>
    </li>
  );
}

function factsOf({ mac, serial, memoryMib, switchPort, address }: WaitingBoard): (readonly [string, string])[] {
  const memory = memoryMib === undefined ? undefined : renderBytes(memoryMib * bytesPerMib);
  const facts = [
    ['MAC', mac],
    ['Serial', serial],
    ['Memory', memory],
    ['Switch port', switchPort],
    ['Address', address],
  ] as const;
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}
