/** Operations: what goes on with nodes, how far it is, each step when one looks closer. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { AnyOperation, AnyShownOperation } from '../api/schemas/operation.ts';
import type { Service } from './ask.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { Badge, Empty, ErrorNote, Moment, PartsBar } from './pieces.tsx';
import { describeParts, isOpen, partsOf, rowsOf, timeOf, titleOf, toneOfState } from './progress.ts';
import { useAsked, useNow } from './use-asked.ts';
import { renderDuration } from './words.ts';

export interface OperationsProps {
  readonly service: Service;
  readonly operations: readonly AnyOperation[];
  /** The one whose steps are shown. */
  readonly shown: string | undefined;
  readonly show: (id: string | undefined) => void;
}

const clockMs = 1000;

export function OperationsView({ service, operations, shown, show }: OperationsProps): JSX.Element {
  const nowMs = useNow(operations.some(isOpen) ? clockMs : undefined);
  if (operations.length === 0) {
    return (
      <Empty title="No operation yet.">
        <p>A change of role that restarts nodes is one: choose boards in the rack.</p>
      </Empty>
    );
  }
  return (
    <ul class="list">
      {operations.map((operation) => (
        <OperationItem
          key={operation.id}
          {...{ service, operation, nowMs }}
          isShown={operation.id === shown}
          toggle={() => show(operation.id === shown ? undefined : operation.id)}
        />
      ))}
    </ul>
  );
}

interface ItemProps {
  readonly service: Service;
  readonly operation: AnyOperation;
  readonly nowMs: number;
  readonly isShown: boolean;
  readonly toggle: () => void;
}

function OperationItem({ service, operation, nowMs, isShown, toggle }: ItemProps): JSX.Element {
  const [asks, setAsks] = useState(false);
  const { id, state, by, reason, startedAtMs } = operation;
  const parts = partsOf(operation.counts);
  return (
    <li class="item">
      <div class="item-head">
        <h2>{titleOf(operation)}</h2>
        <Badge tone={toneOfState(state)}>{state}</Badge>
      </div>
      <p class="quiet">
        Operation {id}, by {by}, <Moment ms={startedAtMs} />, {timeOf(operation, nowMs)}
      </p>
      <PartsBar parts={parts} />
      <p role="status">{describeParts(parts)}</p>
      {reason !== undefined && <p class="note bad">{reason}</p>}
      <div class="actions start">
        <button type="button" aria-expanded={isShown} onClick={toggle} aria-label={`Steps of operation ${id}`}>
          Steps
        </button>
        {state === 'running' && (
          <button type="button" onClick={() => setAsks(true)} aria-label={`Stop operation ${id}`}>
            Stop…
          </button>
        )}
      </div>
      {isShown && <Steps service={service} operation={operation} nowMs={nowMs} />}
      {asks && (
        <ConfirmDialog
          title={`Stop operation ${id}?`}
          text={whatStops(operation)}
          verb="Stop it"
          act={() => service.ask(`/operations/${id}:cancel`, { method: 'POST' }).then(() => undefined)}
          close={() => setAsks(false)}
        />
      )}
    </li>
  );
}

function whatStops({ kind }: AnyOperation): string {
  if (kind === 'image-build') return 'Its programs are ended. What was made before stays in the cache.';
  return 'No other node is begun. What is half done goes on to a safe end.';
}

type StepsProps = Pick<ItemProps, 'service' | 'operation' | 'nowMs'>;

function Steps({ service, operation, nowMs }: StepsProps): JSX.Element {
  // The list is another one after each step of an operation.
  const { answer, error } = useAsked<AnyShownOperation>(service, `/operations/${operation.id}`, operation);
  const rows = answer === undefined ? [] : rowsOf(answer);
  return (
    <>
      <ErrorNote error={error} />
      <table class="steps">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Steps</th>
            <th scope="col">Result</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ node, steps, result, cause, hint }) => (
            <tr key={node}>
              <th scope="row">{node}</th>
              <td>
                <ol>
                  {steps.map((step) => (
                    <li key={`${step.step} ${step.startedAtMs}`} class={step.outcome ?? 'open'}>
                      <strong>{step.step}</strong> {renderDuration((step.endedAtMs ?? nowMs) - step.startedAtMs)}
                      {step.detail !== undefined && <span class="quiet"> {step.detail}</span>}
                    </li>
                  ))}
                </ol>
              </td>
              <td>
                {result}
                {cause !== undefined && <p class="quiet">{cause}</p>}
                {hint !== undefined && <p class="quiet">{hint}</p>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
