/** pi-image node: the nodes there are, what each one gets, and how they change. One file per verb, loaded as commands are. */
import type { RegisterCommand } from '../context.ts';

/** In the order in which --help shows them. */
const verbs: ReadonlyMap<string, () => Promise<RegisterCommand>> = new Map([
  ['list', async () => (await import('./node-list.ts')).registerList],
  ['show', async () => (await import('./node-show.ts')).registerShow],
  ['history', async () => (await import('./node-history.ts')).registerHistory],
  ['add', async () => (await import('./node-add.ts')).registerAdd],
  ['unknown', async () => (await import('./node-unknown.ts')).registerUnknown],
  ['blink', async () => (await import('./node-unknown.ts')).registerBlink],
  ['adopt', async () => (await import('./node-adopt.ts')).registerAdopt],
  ['set', async () => (await import('./node-set.ts')).registerSet],
  ['role', async () => (await import('./node-role.ts')).registerNodeRole],
  ['reboot', async () => (await import('./node-reboot.ts')).registerReboot],
  ['power', async () => (await import('./node-power.ts')).registerPower],
  ['eeprom', async () => (await import('./node-eeprom.ts')).registerEeprom],
  ['remove', async () => (await import('./node-remove.ts')).registerRemove],
  ['explain', async () => (await import('./node-explain.ts')).registerExplain],
  ['diff', async () => (await import('./node-diff.ts')).registerNodeDiff],
  ['export', async () => (await import('./node-export.ts')).registerExport],
]);

/** @param asked the verb; all are loaded where it is none, as for --help */
export async function loadNode(asked: string | undefined): Promise<RegisterCommand> {
  const verb = verbs.get(asked ?? '');
  const wanted = verb === undefined ? [...verbs.values()] : [verb];
  const registers = await Promise.all(wanted.map((load) => load()));
  return (program, context) => {
    const node = program.command('node').summary('the nodes, what each one gets, and how they change');
    for (const register of registers) register(node, context);
  };
}
