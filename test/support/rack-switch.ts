/** The switch of a rack that is up: a bridge in the network namespace of the rack's first process. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { Namespaces } from './namespaces.ts';

export const rackSwitch = 'switch';

/** @param dir of the rack */
export async function besideRack(dir: string): Promise<Namespaces> {
  const record = JSON.parse(await readFile(path.join(dir, 'rack.json'), 'utf8')) as { process: { pid: number } };
  return new Namespaces(['nsenter', `--net=/proc/${record.process.pid}/ns/net`, '--']);
}
