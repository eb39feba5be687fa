/** The boards of a rack from one line: `head,node[01-02]:compute:pi5`. */
import { UsageError } from '../model/errors.ts';
import { RackBoardSpec } from '../model/rack-spec.ts';
import { expandHostlist } from '../plan/hostlist.ts';

/** NAME[:ROLE[:BOARD]]; the first board is the Slurm controller unless its role is named, the others compute. */
export function parseRackBoards(text: string): RackBoardSpec[] {
  return expandHostlist(text).map((word, index) => {
    const [name, role = index === 0 ? 'controller' : 'compute', board, ...rest] = word.split(':');
    const parsed = RackBoardSpec.safeParse({ name, role, ...(board !== undefined && { board }) });
    if (parsed.success && rest.length === 0) return parsed.data;
    const issue = parsed.error?.issues[0];
    throw new UsageError(`"${word}" is not a board: ${issue?.message ?? 'too many parts'}`, {
      hint: 'Write NAME[:ROLE[:BOARD]], for example head:controller,node[01-02]:compute:pi5.',
    });
  });
}
