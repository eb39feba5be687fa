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

/** False when it has failed or was never started. */
export async function isUnitActive(signal: AbortSignal): Promise<boolean> {
  const shown = await run(['systemctl', 'show', '--property=ActiveState', nfsUnit], { signal });
  return /=(?:active|activating|reloading)$/m.test(shown);
}

/** As sd_booted(3) tells it. */
export async function isSystemdHere(): Promise<boolean> {
  try {
    return (await stat('/run/systemd/system')).isDirectory();
  } catch {
    return false;
  }
}
