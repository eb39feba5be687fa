/** The user that the service runs as: made once, without a home, a shell or a password. */
import { findAccount } from './account.ts';
import { run } from './process.ts';
import { ConfigError } from '../model/errors.ts';

export const serviceUser = 'pi-image';

/** @returns false when there was one */
export async function makeServiceUser(signal: AbortSignal): Promise<boolean> {
  if (await hasServiceUser(signal)) return false;
  const how = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  await run(['useradd', ...how, '--shell', '/usr/sbin/nologin', serviceUser], { signal });
  return true;
}

export async function hasServiceUser(signal: AbortSignal): Promise<boolean> {
  try {
    await findAccount(serviceUser, signal);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
