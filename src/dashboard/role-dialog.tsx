/** Another role for nodes: what it changes is shown before it is done. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { StartedOperation } from '../api/schemas/operation.ts';
import type { RolesChange } from '../api/schemas/role-changes.ts';
import type { Role } from '../api/schemas/role.ts';
import type { DrainPolicy } from '../model/operation.ts';
import type { Asked, Service } from './ask.ts';
import { DiffView } from './diff-view.tsx';
import { SelectField, TextField } from './fields.tsx';
import { Dialog } from './pieces.tsx';
import { PreviewForm, type Preview } from './preview-form.tsx';
import { useDoing } from './use-asked.ts';
import { count, shortList } from './words.ts';

export interface RoleDialogProps {
  readonly service: Service;
  readonly roles: readonly Role[];
  readonly nodes: readonly string[];
  /** The role that they have, if it is one. */
  readonly current: string | undefined;
  readonly close: () => void;
  /** @param operation that was begun; undefined when the change waits for the next boot */
  readonly done: (operation: string | undefined) => void;
}

type How = DrainPolicy | 'next-boot';

const hows: readonly { readonly how: How; readonly title: string; readonly text: string }[] = [
  { how: 'wait', title: 'When jobs have ended', text: 'Slurm gives it no new ones; then it restarts.' },
  { how: 'requeue', title: 'At once, jobs start again elsewhere', text: 'Slurm puts them back into the queue.' },
  { how: 'force', title: 'At the deadline, whatever runs', text: 'Jobs that still run then are cancelled.' },
  { how: 'next-boot', title: 'At the next boot', text: 'Nothing is restarted now.' },
];

interface Wanted {
  readonly role: string;
  readonly how: How;
  readonly maxUnavailable: string;
}

type Diffs = StartedOperation['nodes'];

/** An operation for all of them; at the next boot there is nothing to watch, so that is a change of them. */
async function request(
  { service, nodes }: RoleDialogProps,
  { role, how, maxUnavailable }: Wanted,
  asked: Pick<Asked, 'dryRun'>,
): Promise<StartedOperation> {
  if (how !== 'next-boot') {
    const body = { nodes, drain: how, maxUnavailable };
    return service.ask<StartedOperation>(`/roles/${encodeURIComponent(role)}:assign`, {
      method: 'POST',
      body,
      ...asked,
    });
  }
  const { dryRun, changes } = await service.ask<RolesChange>(`/roles/${encodeURIComponent(role)}:set`, {
    method: 'POST',
    body: { nodes, reboot: false },
    ...asked,
  });
  return { dryRun, nodes: changes };
}

export function RoleDialog(props: RoleDialogProps): JSX.Element {
  const { nodes, roles, current, close, done } = props;
  const [wanted, setWanted] = useState<Wanted>({
    role: roles.find(({ name }) => name !== current)?.name ?? '',
    how: 'wait',
    maxUnavailable: '25%',
  });
  const [diffs, setDiffs] = useState<Diffs | undefined>();
  const doing = useDoing();
  const choose = (change: Partial<Wanted>) => {
    setWanted({ ...wanted, ...change });
    setDiffs(undefined);
  };
  return (
    <Dialog title={`Role of ${shortList(nodes, 3)}`} close={close}>
      <PreviewForm
        doing={doing}
        preview={diffs && previewOf(nodes, diffs, wanted.how)}
        look={async () => setDiffs((await request(props, wanted, { dryRun: true })).nodes)}
        act={async () => done((await request(props, wanted, {})).operation)}
      >
        <SelectField
          label="New role"
          value={wanted.role}
          choices={roles.map(({ name, image }) => ({
            value: name,
            text: `${name} (${name === current ? 'has it' : image})`,
          }))}
          change={(role) => choose({ role })}
        />
        <HowField how={wanted.how} choose={choose} />
        {nodes.length > 1 && wanted.how !== 'next-boot' && (
          <TextField
            label="So many at the same time (a number, or per cent)"
            value={wanted.maxUnavailable}
            pattern="[1-9][0-9]{0,3}|[1-9][0-9]?%|100%"
            change={(maxUnavailable) => choose({ maxUnavailable })}
          />
        )}
      </PreviewForm>
    </Dialog>
  );
}

function HowField({
  how,
  choose,
}: {
  readonly how: How;
  readonly choose: (change: { how: How }) => void;
}): JSX.Element {
  return (
    <fieldset class="choices">
      <legend>When</legend>
      {hows.map((each) => (
        <label key={each.how}>
          <input type="radio" name="how" checked={each.how === how} onChange={() => choose({ how: each.how })} />
          <span>
            <strong>{each.title}</strong> {each.text}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function previewOf(nodes: readonly string[], diffs: Diffs, how: How): Preview {
  const same = nodes.length - diffs.length;
  return {
    label: 'What changes',
    verb: how === 'next-boot' ? 'Change role' : `Change role of ${count(diffs.length, 'node')}`,
    isChanged: diffs.length > 0,
    content: (
      <>
        {diffs.length === 0 && <p>Nothing changes: {same === 1 ? 'it has' : 'they have'} that role.</p>}
        {diffs.length > 0 && same > 0 && <p>{count(same, 'node has', 'nodes have')} that role already.</p>}
        <DiffView nodes={diffs} />
      </>
    ),
  };
}
