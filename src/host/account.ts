/** A user of this machine, by name or by `uid:gid`. */
import { ConfigError, HostError } from '../model/errors.ts';
import { run } from './process.ts';
import type { Account } from './service-state.ts';

/** @throws ConfigError when there is none */
export async function findAccount(name: string, signal: AbortSignal): Promise<Account> {
  const numbers = /^(\d{1,9}):(\d{1,9})$/.exec(name);
  if (numbers !== null) return { uid: Number(numbers[1]), gid: Number(numbers[2]) };
  const line = await run(['getent', 'passwd', '--', name], { signal }).catch((error: unknown) => {
    if (error instanceof HostError) return '';
    throw error;
  });
  const [, , uid, gid] = line.split(':');
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new ConfigError(`this machine has no user ${name}`, { hint: 'Run "pi-image setup serve": it makes one.' });
}
