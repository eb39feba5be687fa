/** What a role or a node boots: back to what it ran before, or any version that is kept. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Image } from '../api/schemas/service.ts';
import type { Service } from './ask.ts';
import { plainChoices, SelectField } from './fields.tsx';
import { Dialog } from './pieces.tsx';
import { Lines, PreviewForm } from './preview-form.tsx';
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
  const versions = images.filter(({ name }) => name === target.image).map(({ version }) => version);
  const preview = plan && { ...plan, label: 'What changes', content: <Lines lines={plan.lines} /> };
  return (
    <Dialog title={`What ${target.name} boots`} close={close}>
      <PreviewForm
        doing={doing}
        preview={preview}
        look={async () => setPlan(await changeVersion(service, target, wanted, true))}
        act={() => changeVersion(service, target, wanted, false).then(close)}
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
      </PreviewForm>
    </Dialog>
  );
}
