/** When a process began: with its number, what tells it from every other one. */
import { readFile } from 'node:fs/promises';

/**
 * @returns field 22 of /proc/<pid>/stat (proc_pid_stat(5)), in clock ticks since the machine started; undefined for a
 * process that is gone, or that has ended and waits for its parent to ask how: under a slow init that takes seconds.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The program's name stands in brackets and may hold spaces; its state comes directly after it.
  const [state, ...after] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' || state === 'X' ? undefined : after[18];
}
