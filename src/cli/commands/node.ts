/** pi-image node: the nodes there are, what each one gets, and how they change. One file per verb. */
import type { RegisterCommand } from '../context.ts';
import { registerExplain } from './node-explain.ts';
import { registerExport } from './node-export.ts';
import { registerList } from './node-list.ts';
import { registerShow } from './node-show.ts';

export const registerNode: RegisterCommand = (program, context) => {
  const node = program.command('node').summary('the nodes, and what each one gets');
  registerList(node, context);
  registerShow(node, context);
  registerExplain(node, context);
  registerExport(node, context);
};
