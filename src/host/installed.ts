/** Is a program there? Looked for where administrators' programs live, as host/process does when it runs one. */
import { access, constants } from 'node:fs/promises';
import path from 'node:path';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export async function isInstalled(program: string): Promise<boolean> {
  for (const folder of folders) {
    try {
      await access(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return false;
}
