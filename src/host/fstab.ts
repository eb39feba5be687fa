/** Adds lines to /etc/fstab. A mount point that has one already keeps it. */
import { readFile, realpath } from 'node:fs/promises';

import { writeFileAtomically } from './atomic-file.ts';

export interface FstabLine {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: string;
}

/** @returns false when the mount point has a line */
export async function addToFstab(line: FstabLine, file = '/etc/fstab'): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (mountPointsIn(text).includes(escapeField(line.mountPoint))) return false;
  const fields = [line.source, line.mountPoint, line.type, line.options].map(escapeField);
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await writeFileAtomically(await realpath(file).catch(() => file), `${before}${fields.join(' ')} 0 2\n`);
  return true;
}

function mountPointsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.trim().startsWith('#'));
  return lines.flatMap((line) => line.trim().split(/\s+/)[1] ?? []);
}

/** fstab(5): white space as \040 and so on. */
function escapeField(text: string): string {
  return text.replaceAll(/[\s\\#]/g, (sign) => `\\${(sign.codePointAt(0) ?? 0).toString(8).padStart(3, '0')}`);
}
