/** What our own unit may not do, such as giving files to others: systemd does it for us, in a unit that lives for one command. */
import { isSystemdHere } from './nfs/unit.ts';
import type { Argv } from './process.ts';

/** @param settings of that unit @returns what stands before the command; undefined where there is no systemd, and so no unit of ours */
export async function outsideOurUnit(...settings: readonly string[]): Promise<Argv | undefined> {
  if (!(await isSystemdHere())) return undefined;
  const properties = settings.map((setting) => `--property=${setting}`);
  return ['systemd-run', '--quiet', '--wait', '--collect', ...properties, '--'];
}
