/** pi-image node: the nodes there are, what each one gets, and how they change. One file per verb. */
import type { RegisterCommand } from '../context.ts';
import { registerAdd } from './node-add.ts';
import { registerAdopt } from './node-adopt.ts';
import { registerNodeDiff } from './node-diff.ts';
import { registerEeprom } from './node-eeprom.ts';
import { registerExplain } from './node-explain.ts';
import { registerExport } from './node-export.ts';
import { registerHistory } from './node-history.ts';
import { registerList } from './node-list.ts';
import { registerPower } from './node-power.ts';
import { registerReboot } from './node-reboot.ts';
import { registerRemove } from './node-remove.ts';
import { registerNodeRole } from './node-role.ts';
import { registerSet } from './node-set.ts';
import { registerShow } from './node-show.ts';
import { registerBlink, registerUnknown } from './node-unknown.ts';

export const registerNode: RegisterCommand = (program, context) => {
  const node = program.command('node').summary('the nodes, what each one gets, and how they change');
  registerList(node, context);
  registerShow(node, context);
  registerHistory(node, context);
  registerAdd(node, context);
  registerUnknown(node, context);
  registerBlink(node, context);
  registerAdopt(node, context);
  registerSet(node, context);
  registerNodeRole(node, context);
  registerReboot(node, context);
  registerPower(node, context);
  registerEeprom(node, context);
  registerRemove(node, context);
  registerExplain(node, context);
  registerNodeDiff(node, context);
  registerExport(node, context);
};
