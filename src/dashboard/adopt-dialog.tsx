/** A name, a role and an address for a board. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { BoardName } from '../model/board.ts';
import type { WaitingBoard } from '../model/state.ts';
import { suggestNode } from './adopt.ts';
import type { Service } from './ask.ts';
import type { Cluster } from './cluster.ts';
import { plainChoices, SelectField, TextField } from './fields.tsx';
import { Dialog, ErrorNote } from './pieces.tsx';
import { useDoing } from './use-asked.ts';

export interface AdoptDialogProps {
  readonly service: Service;
  readonly board: WaitingBoard;
  readonly cluster: Cluster;
  readonly close: () => void;
  readonly done: (node: string) => void;
}

const boards: readonly BoardName[] = ['pi3', 'pi4', 'pi5', 'uefi'];

interface Wanted {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  /** Empty: the board has said it. */
  readonly board: string;
}

export function AdoptDialog({ service, board, cluster, close, done }: AdoptDialogProps): JSX.Element {
  const knowsBoard = boards.some((each) => each === board.board);
  const [wanted, setWanted] = useState<Wanted>(() => ({
    ...suggestNode([...cluster.nodes.values()]),
    role: cluster.roles[0]?.name ?? '',
    board: knowsBoard ? '' : 'pi4',
  }));
  const doing = useDoing();
  const choose = (change: Partial<Wanted>) => setWanted({ ...wanted, ...change });
  const adopt = () =>
    doing.run(async () => {
      const { board: kind, ...node } = wanted;
      const body = kind === '' ? node : { ...node, board: kind };
      await service.ask(`/unknown-boards/${encodeURIComponent(board.mac)}:adopt`, { method: 'POST', body });
      done(wanted.name);
    });
  return (
    <Dialog title={`Adopt ${board.model ?? board.mac}`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          adopt();
        }}
      >
        <TextField label="Name" value={wanted.name} change={(name) => choose({ name })} />
        <SelectField
          label="Role"
          value={wanted.role}
          choices={cluster.roles.map(({ name, image }) => ({ value: name, text: `${name} (${image})` }))}
          change={(role) => choose({ role })}
        />
        <TextField label="Address" value={wanted.address} change={(address) => choose({ address })} />
        {!knowsBoard && (
          <SelectField
            label="Board (it has not said which it is)"
            value={wanted.board}
            choices={plainChoices(boards)}
            change={(kind) => choose({ board: kind })}
          />
        )}
        <ErrorNote error={doing.error} />
        <footer class="actions">
          <button type="submit" class="main" disabled={doing.isBusy}>
            Adopt
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
