/** Rollouts: the canary, the waves behind it, and how to hold or end one. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Rollout } from '../model/rollout.ts';
import type { Service } from './ask.ts';
import type { Cluster } from './cluster.ts';
import { Badge, Empty, ErrorNote, Moment } from './pieces.tsx';
import { timeOf, isOpen, toneOfState } from './progress.ts';
import { RolloutDialog } from './rollout-dialog.tsx';
import { describeRollout, rolloutTitle, wavesOf } from './rollout-progress.ts';
import { useDoing, useNow } from './use-asked.ts';

export interface RolloutsProps {
  readonly service: Service;
  readonly cluster: Cluster;
  readonly rollouts: readonly Rollout[];
  readonly open: (node: string) => void;
}

const clockMs = 1000;

export function RolloutsView({ service, cluster, rollouts, open }: RolloutsProps): JSX.Element {
  const nowMs = useNow(rollouts.some(isOpen) ? clockMs : undefined);
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <div class="toolbar">
        <button type="button" class="main" onClick={() => setAsking(true)}>
          New rollout…
        </button>
      </div>
      {rollouts.length === 0 && (
        <Empty title="No rollout yet.">
          <p>A rollout gives a new version to a canary first, then to all others, wave by wave.</p>
        </Empty>
      )}
      <ul class="list">
        {rollouts.map((rollout) => (
          <RolloutItem key={rollout.id} {...{ service, rollout, nowMs, open }} />
        ))}
      </ul>
      {isAsking && <RolloutDialog service={service} cluster={cluster} close={() => setAsking(false)} />}
    </>
  );
}

interface ItemProps {
  readonly service: Service;
  readonly rollout: Rollout;
  readonly nowMs: number;
  readonly open: (node: string) => void;
}

function RolloutItem({ service, rollout, nowMs, open }: ItemProps): JSX.Element {
  const { id, state, by, reason, detail, startedAtMs } = rollout;
  return (
    <li class="item">
      <div class="item-head">
        <h2>{rolloutTitle(rollout)}</h2>
        <Badge tone={toneOfState(state)}>{state}</Badge>
      </div>
      <p class="quiet">
        Rollout {id}, by {by}, <Moment ms={startedAtMs} />, {timeOf(rollout, nowMs)}
      </p>
      <ol class="waves">
        {wavesOf(rollout).map((wave) => (
          <li
            key={wave.title}
            class={wave.isCurrent ? 'current' : ''}
            aria-current={wave.isCurrent ? 'step' : undefined}
          >
            <h3>{wave.title}</h3>
            <div class="dots">
              {wave.nodes.map(({ name, tone, says }) => (
                <button
                  key={name}
                  type="button"
                  class={`dot ${tone}`}
                  aria-label={says}
                  title={says}
                  onClick={() => open(name)}
                />
              ))}
            </div>
          </li>
        ))}
      </ol>
      <p role="status">
        {describeRollout(rollout)}
        {detail !== undefined && isOpen(rollout) && `: ${detail}`}
      </p>
      {reason !== undefined && <p class={state === 'paused' ? 'note wait' : 'note bad'}>{reason}</p>}
      <Orders service={service} rollout={rollout} />
    </li>
  );
}

const ordersOf: Readonly<Record<string, readonly ('pause' | 'resume' | 'abort')[]>> = {
  running: ['pause', 'abort'],
  paused: ['resume', 'abort'],
};
const verbs = { pause: 'Pause', resume: 'Go on', abort: 'Abort and go back' } as const;

function Orders({ service, rollout }: Pick<ItemProps, 'service' | 'rollout'>): JSX.Element {
  const doing = useDoing();
  const give = (order: keyof typeof verbs) =>
    doing.run(() =>
      service.ask(`/rollouts/${encodeURIComponent(rollout.id)}:${order}`, { method: 'POST' }).then(() => undefined),
    );
  return (
    <>
      <ErrorNote error={doing.error} />
      <div class="actions start">
        {(ordersOf[rollout.state] ?? []).map((order) => (
          <button key={order} type="button" disabled={doing.isBusy} onClick={() => give(order)}>
            {verbs[order]}
          </button>
        ))}
      </div>
    </>
  );
}
