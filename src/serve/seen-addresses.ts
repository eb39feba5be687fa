/** Where nodes were seen last, read off the boots: said again only when it is another place. */
import type { BootsFile } from '../host/state-file.ts';
import { learnedAddresses } from '../plan/learned-addresses.ts';
import type { SeenAddresses } from './site.ts';

export function seenAddresses(file: Pick<BootsFile, 'current' | 'onChange'>): SeenAddresses {
  let { boots } = file.current();
  let known = learnedAddresses(boots);
  const current: SeenAddresses['current'] = () => {
    const now = file.current().boots;
    if (now === boots) return known;
    boots = now;
    const learned = learnedAddresses(now);
    if (!isSame(learned, known)) known = learned;
    return known;
  };
  return {
    current,
    onChange: (listener) => {
      let told = current();
      file.onChange(() => {
        if (current() === told) return;
        told = current();
        listener();
      });
    },
  };
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([node, address]) => other.get(node) === address);
}
