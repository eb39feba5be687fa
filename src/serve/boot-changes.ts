/** Changes of one boot among all that are kept: thousands, of which the newest change. */
import type { BootsFile } from '../host/state-file.ts';
import type { Boot } from '../model/boot.ts';
import type { BootLog } from '../model/state.ts';
import { bootEvents } from './boot-events.ts';

export function change(id: string, how: (boot: Boot) => Boot): (log: BootLog) => BootLog {
  return (log) => {
    const index = log.boots.findLastIndex((boot) => boot.id === id);
    const boot = log.boots[index];
    return boot === undefined ? log : { ...log, boots: log.boots.with(index, how(boot)) };
  };
}

/** With the events that follow from the change, in the same transaction. */
export function update(file: BootsFile, id: string, how: (boot: Boot) => Boot): Promise<void> {
  const before = file.current().boots.findLast((boot) => boot.id === id);
  return file.update(change(id, how), before && bootEvents(before, how(before)));
}

export const add = (log: BootLog, boot: Boot): BootLog => ({ ...log, boots: [...log.boots, boot] });
