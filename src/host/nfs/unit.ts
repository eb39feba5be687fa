/** Where systemd runs this machine, the NFS server is a unit: a child of ours would be killed with our own unit. */
import { stat } from 'node:fs/promises';

import { run } from '../process.ts';

export const nfsUnit = 'pi-image-nfs.service';

/** @returns whether the unit is installed and runs with this configuration file */
export async function runsAsUnit(configFile: string, signal: AbortSignal): Promise<boolean> {
  if (!(await isSystemdHere())) return false;
  const shown = await run(['systemctl', 'show', '--property=LoadState', '--property=ExecStart', nfsUnit], { signal });
  return shown.includes('LoadState=loaded') && shown.includes(`-f ${configFile} `);
}

/** As sd_booted(3) tells it. */
export async function isSystemdHere(): Promise<boolean> {
  try {
    return (await stat('/run/systemd/system')).isDirectory();
  } catch {
    return false;
  }
}
