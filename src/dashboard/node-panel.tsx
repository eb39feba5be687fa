/** One node, as closely as the service knows it: facts, its boot as it happens, and what can be done with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Node } from '../api/schemas/node.ts';
import type { NodeTile } from '../api/schemas/watch.ts';
import type { PublicBoot } from '../model/node-status.ts';
import type { Service } from './ask.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { NodeHistory } from './node-history.tsx';
import { Badge, Dialog, ErrorNote, Moment } from './pieces.tsx';
import { factsOf } from './node-facts.ts';
import { showTile } from './tile.ts';
import { useAsked } from './use-asked.ts';
import { WaterfallView } from './waterfall-view.tsx';

export interface NodePanelProps {
  readonly service: Service;
  readonly name: string;
  /** undefined: there is no such node, or not any more. */
  readonly tile: NodeTile | undefined;
  readonly close: () => void;
  readonly changeRole: () => void;
  readonly changeVersion: (image: string) => void;
}

export function NodePanel(props: NodePanelProps): JSX.Element {
  const { service, name, tile, close } = props;
  if (tile === undefined) {
    return (
      <Dialog title={name} close={close} isPanel>
        <p role="status">The service has told of no node with that name yet.</p>
      </Dialog>
    );
  }
  return (
    <Dialog title={name} close={close} isPanel>
      <Facts service={service} tile={tile} />
      <Actions {...props} tile={tile} />
      <Boots service={service} tile={tile} />
      <NodeHistory service={service} tile={tile} />
    </Dialog>
  );
}

function Facts({ service, tile }: { readonly service: Service; readonly tile: NodeTile }): JSX.Element {
  // A tile is another object when something of its node has changed.
  const { answer: node, error } = useAsked<Node>(service, `/nodes/${encodeURIComponent(tile.name)}`, tile);
  const shown = showTile(tile);
  const failed = node?.status.rebootFailed;
  return (
    <>
      <p class="verdict" role="status">
        <Badge tone={shown.tone}>
          {shown.sign} {tile.state}
        </Badge>
        {tile.reason !== undefined && <span>{tile.reason}</span>}
      </p>
      <ErrorNote error={error} />
      {failed !== undefined && (
        <div class="note bad">
          <strong>It could not be told to reboot: {failed.reason}</strong>
          {failed.hint !== undefined && <p>{failed.hint}</p>}
        </div>
      )}
      <dl class="facts">
        {factsOf(tile, node).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

type Ask = 'reboot' | 'cycle';

function Actions(props: NodePanelProps & { readonly tile: NodeTile }): JSX.Element {
  const { service, tile, changeRole, changeVersion } = props;
  const [asks, setAsks] = useState<Ask | undefined>();
  const path = `/nodes/${encodeURIComponent(tile.name)}`;
  const image = (tile.next ?? tile.image ?? '').split('@')[0] ?? '';
  return (
    <div class="actions start">
      <button type="button" class="main" onClick={changeRole}>
        Change role…
      </button>
      {image !== '' && (
        <button type="button" onClick={() => changeVersion(image)}>
          Roll back…
        </button>
      )}
      <button type="button" onClick={() => setAsks('reboot')}>
        Reboot…
      </button>
      {tile.power !== undefined && (
        <button type="button" onClick={() => setAsks('cycle')}>
          Power cycle…
        </button>
      )}
      {asks === 'reboot' && (
        <ConfirmDialog
          title={`Reboot ${tile.name}?`}
          text="It is told by ssh. Jobs that run on it end."
          verb="Reboot"
          act={() => service.ask(`${path}:reboot`, { method: 'POST' }).then(() => undefined)}
          close={() => setAsks(undefined)}
        />
      )}
      {asks === 'cycle' && (
        <ConfirmDialog
          title={`Cut the power of ${tile.name}?`}
          text="Its PoE port goes off and on again. Whatever it has not written is lost."
          verb="Power cycle"
          act={() => service.ask(`${path}:power`, { method: 'POST', body: { action: 'cycle' } }).then(() => undefined)}
          close={() => setAsks(undefined)}
        />
      )}
    </div>
  );
}

function Boots({ service, tile }: { readonly service: Service; readonly tile: NodeTile }): JSX.Element {
  const { answer: boots, error } = useAsked<PublicBoot[]>(
    service,
    `/nodes/${encodeURIComponent(tile.name)}/boots`,
    tile,
  );
  const [chosen, setChosen] = useState<string | undefined>();
  const boot = boots?.find(({ id }) => id === chosen) ?? boots?.[0];
  return (
    <section aria-label="Boots" class="boots">
      <header>
        <h3>{boot !== undefined && boot.closed === undefined ? 'Booting now' : 'Boot'}</h3>
        {boots !== undefined && boots.length > 1 && (
          <label class="field">
            <span class="hidden">Which boot</span>
            <select
              value={boot?.id}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setChosen(value === boots[0]?.id ? undefined : value);
              }}
            >
              {boots.map(({ id, startedAtMs, closed }, index) => (
                <option key={id} value={id}>
                  {index === 0 ? 'Newest' : new Date(startedAtMs).toLocaleString()}, {closed?.reason ?? 'under way'}
                </option>
              ))}
            </select>
          </label>
        )}
      </header>
      <ErrorNote error={error} />
      {boot !== undefined && (
        <>
          <p class="quiet">
            Switched on <Moment ms={boot.startedAtMs} />
          </p>
          <WaterfallView boot={boot} />
        </>
      )}
      {boots?.length === 0 && <p>It never booted. Switch it on.</p>}
    </section>
  );
}
