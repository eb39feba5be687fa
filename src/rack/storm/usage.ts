/** What a process has used, as /proc tells it. */
import { readFile } from 'node:fs/promises';

import { readProcess } from '../process-facts.ts';

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** Zeros for a process that has ended. */
export async function readUsage(pid: number): Promise<Usage> {
  const facts = await readProcess(pid);
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return {
    cpuSeconds: facts?.cpuSeconds ?? 0,
    rssBytes: kibibytes(status, 'VmRSS'),
    peakRssBytes: kibibytes(status, 'VmHWM'),
  };
}

/** proc_pid_status(5): `VmHWM:    91234 kB` */
function kibibytes(status: string, field: string): number {
  const [, value = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(value) * 1024;
}
