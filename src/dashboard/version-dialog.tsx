/** What a role or a node boots: back to what it ran before, or any version that is kept. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Image } from '../api/schemas/service.ts';
import type { Service } from './ask.ts';
import { plainChoices, SelectField } from './fields.tsx';
import { Dialog, ErrorNote } from './pieces.tsx';
import { useDoing } from './use-asked.ts';
import { changeVersion, lastGood, type VersionPlan, type VersionTarget } from './version-change.ts';

export interface VersionDialogProps {
  readonly service: Service;
  readonly target: VersionTarget;
  readonly images: readonly Image[];
  readonly close: () => void;
}

const ways = [
  { value: 'previous', text: 'Roll back: the version before' },
  { value: lastGood, text: 'Roll back: all that came up last, overlays too' },
  { value: 'newest', text: 'Always the newest' },
];

export function VersionDialog({ service, target, images, close }: VersionDialogProps): JSX.Element {
  const [wanted, setWanted] = useState('previous');
  const [plan, setPlan] = useState<VersionPlan | undefined>();
  const doing = useDoing();
  const look = () => doing.run(async () => setPlan(await changeVersion(service, target, wanted, true)));
  const act = () => doing.run(() => changeVersion(service, target, wanted, false).then(close));
  const versions = images.filter(({ name }) => name === target.image).map(({ version }) => version);
  return (
    <Dialog title={`What ${target.name} boots`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          look();
        }}
      >
        <SelectField
          label={`Version of ${target.image}`}
          value={wanted}
          choices={[...ways, ...plainChoices(versions)]}
          change={(value) => {
            setWanted(value);
            setPlan(undefined);
          }}
        />
        <ErrorNote error={doing.error} />
        {plan !== undefined && (
          <section class="preview" role="status" aria-label="What changes">
            {plan.lines.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </section>
        )}
        <footer class="actions">
          {plan === undefined ? (
            <button type="submit" class="main" disabled={doing.isBusy}>
              Preview
            </button>
          ) : (
            <button type="button" class="main" disabled={doing.isBusy || !plan.isChanged} onClick={act}>
              {plan.verb}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}
