/** Which path carries the datagrams of this process. */
import { addonDatagrams, type AddonDatagrams } from './addon-port.ts';
import { loadNative, type Native } from './native.ts';
import { plainDatagrams, type PlainDatagrams } from './plain.ts';

export type OpenDatagrams = AddonDatagrams | PlainDatagrams;

/**
 * @param choice undefined: the addon where it loads, and Node's own sockets elsewhere
 * @throws HostError when the addon is asked for and does not load
 */
export function openDatagrams(choice?: 'addon' | 'plain'): OpenDatagrams {
  if (choice === 'plain') return plainDatagrams();
  if (choice === 'addon') return addonDatagrams(loadNative());
  const native = tryNative();
  return native === undefined ? plainDatagrams() : addonDatagrams(native);
}

function tryNative(): Native | undefined {
  try {
    return loadNative();
  } catch {
    // Not built, or built for another machine: the plain path does the same work, and the service says which one runs.
    return undefined;
  }
}
