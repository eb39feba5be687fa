/** A form whose effect is shown before it can be had: first "Preview", then what it says it does. */
import type { ComponentChildren, JSX } from 'preact';

import { ErrorNote } from './pieces.tsx';
import type { Doing } from './use-asked.ts';

export interface Preview {
  /** What the section is about, for those who hear it. */
  readonly label: string;
  readonly content: ComponentChildren;
  /** What the button says that does it. */
  readonly verb: string;
  /** False: there is nothing to do. */
  readonly isChanged: boolean;
}

export interface PreviewFormProps {
  readonly doing: Doing;
  /** The fields. */
  readonly children: ComponentChildren;
  /** Undefined until it was asked for, and again once a field has changed. */
  readonly preview: Preview | undefined;
  readonly look: () => Promise<void>;
  readonly act: () => Promise<void>;
}

export function PreviewForm({ doing, children, preview, look, act }: PreviewFormProps): JSX.Element {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        doing.run(look);
      }}
    >
      {children}
      <ErrorNote error={doing.error} />
      {preview !== undefined && (
        <section class="preview" role="status" aria-label={preview.label}>
          {preview.content}
        </section>
      )}
      <footer class="actions">
        {preview === undefined ? (
          <button type="submit" class="main" disabled={doing.isBusy}>
            Preview
          </button>
        ) : (
          <button
            type="button"
            class="main"
            disabled={doing.isBusy || !preview.isChanged}
            onClick={() => doing.run(act)}
          >
            {preview.verb}
          </button>
        )}
      </footer>
    </form>
  );
}

/** A preview that is a few sentences. */
export const Lines = ({ lines }: { readonly lines: readonly string[] }): JSX.Element => (
  <>
    {lines.map((line) => (
      <p key={line}>{line}</p>
    ))}
  </>
);
