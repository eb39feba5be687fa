/** Pieces that all views share: a dialog, an error, a bar of parts, a moment. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import type { AskError } from './ask.ts';
import { describeParts, type Part } from './progress.ts';
import type { Tone } from './tile.ts';

export interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
  /** Beside the page instead of above it, as tall as the window. */
  readonly isPanel?: boolean;
}

/** The browser's own: it keeps the focus inside, and closes with Escape. The focus goes back to where it was. */
export function Dialog({ title, close, children, isPanel = false }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const closeOutside = (event: MouseEvent) => {
    if (event.target === element.current) close();
  };
  return (
    <dialog
      ref={element}
      class={isPanel ? 'panel' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={closeOutside}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={close}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function ErrorNote({ error }: { readonly error: AskError | undefined }): JSX.Element {
  return (
    <div role="alert" class={error === undefined ? 'note-none' : 'note bad'}>
      {error !== undefined && (
        <>
          <strong>{error.message}</strong>
          {error.problems.length > 1 && (
            <ul>
              {error.problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
          {error.hint !== undefined && <p>{error.hint}</p>}
        </>
      )}
    </div>
  );
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }): JSX.Element {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function PartsBar({ parts }: { readonly parts: readonly Part[] }): JSX.Element {
  return (
    <div class="parts" role="img" aria-label={describeParts(parts)}>
      {parts.map(({ name, count, tone }) => (
        <span key={name} class={tone} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Today's as the time of day. */
export function Moment({ ms }: { readonly ms: number }): JSX.Element {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  return <time dateTime={date.toISOString()}>{isToday ? clock.format(date) : day.format(date)}</time>;
}

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}
