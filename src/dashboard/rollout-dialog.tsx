/** A new version for a role, canary first: who gets it when is shown before it begins. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { StartedRollout } from '../api/schemas/rollout.ts';
import type { Service } from './ask.ts';
import type { Cluster } from './cluster.ts';
import { plainChoices, SelectField, TextField } from './fields.tsx';
import { Dialog } from './pieces.tsx';
import { Lines, PreviewForm } from './preview-form.tsx';
import { planLines, planVerb, rolloutBody, type WantedRollout } from './rollout-plan.ts';
import { useDoing } from './use-asked.ts';
import { splitImage } from './words.ts';

export interface RolloutDialogProps {
  readonly service: Service;
  readonly cluster: Cluster;
  readonly close: () => void;
}

const first: Omit<WantedRollout, 'role' | 'image'> = { canary: '1', waves: '25, 100' };

export function RolloutDialog({ service, cluster, close }: RolloutDialogProps): JSX.Element {
  const role = cluster.roles[0]?.name ?? '';
  const [wanted, setWanted] = useState<WantedRollout>({ ...first, role, image: versionsOf(cluster, role)[0] ?? '' });
  const [plan, setPlan] = useState<StartedRollout | undefined>();
  const doing = useDoing();
  const choose = (change: Partial<WantedRollout>) => {
    setWanted({ ...wanted, ...change });
    setPlan(undefined);
  };
  const ask = (dryRun: boolean) =>
    service.ask<StartedRollout>('/rollouts', { method: 'POST', body: rolloutBody(wanted), dryRun });
  const preview = plan && {
    label: 'Who gets it when',
    content: <Lines lines={planLines(plan)} />,
    verb: planVerb(plan),
    isChanged: true,
  };
  return (
    <Dialog title="New rollout" close={close}>
      <PreviewForm
        doing={doing}
        preview={preview}
        look={async () => setPlan(await ask(true))}
        act={() => ask(false).then(close)}
      >
        <Fields cluster={cluster} wanted={wanted} choose={choose} />
      </PreviewForm>
    </Dialog>
  );
}

function versionsOf({ roles, images }: Cluster, role: string): string[] {
  const { name } = splitImage(roles.find((each) => each.name === role)?.image ?? '');
  return images.filter((image) => image.name === name).map(({ version }) => `${name}@${version}`);
}

interface FieldsProps {
  readonly cluster: Cluster;
  readonly wanted: WantedRollout;
  readonly choose: (change: Partial<WantedRollout>) => void;
}

function Fields({ cluster, wanted, choose }: FieldsProps): JSX.Element {
  const { role, image, canary, waves } = wanted;
  const whats = [...plainChoices(versionsOf(cluster, role)), { value: '', text: 'What its overlays say now' }];
  return (
    <>
      <SelectField
        label="Role"
        value={role}
        choices={plainChoices(cluster.roles.map(({ name }) => name))}
        change={(name) => choose({ role: name, image: versionsOf(cluster, name)[0] ?? '' })}
      />
      <SelectField label="What" value={image} choices={whats} change={(what) => choose({ image: what })} />
      <TextField
        label="Nodes that try it first"
        value={canary}
        pattern="[1-9][0-9]{0,3}"
        change={(text) => choose({ canary: text })}
      />
      <TextField
        label="Per cent of the others after each wave"
        value={waves}
        pattern="[0-9%, ]+"
        change={(text) => choose({ waves: text })}
      />
    </>
  );
}
