/** Asks before something is done that a node feels at once. */
import type { JSX } from 'preact';

import { Dialog, ErrorNote } from './pieces.tsx';
import { useDoing } from './use-asked.ts';

export interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly act: () => Promise<void>;
  readonly close: () => void;
}

export function ConfirmDialog({ title, text, verb, act, close }: ConfirmProps): JSX.Element {
  const doing = useDoing();
  const go = () => doing.run(() => act().then(close));
  return (
    <Dialog title={title} close={close}>
      <p>{text}</p>
      <ErrorNote error={doing.error} />
      <footer class="actions">
        <button type="button" onClick={close}>
          Leave it
        </button>
        <button type="button" class="main" disabled={doing.isBusy} onClick={go}>
          {verb}
        </button>
      </footer>
    </Dialog>
  );
}
