/** Adds lines to /etc/fstab. A mount point that has one already keeps it. */
import { readFile, realpath } from 'node:fs/promises';

import { writeFileAtomically } from './atomic-file.ts';
import { ifMissing } from './missing.ts';
import { unescapeOctal } from './mounts.ts';

export interface FstabLine {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: string;
}

const fstab = '/etc/fstab';

export async function readFstab(file = fstab): Promise<Pick<FstabLine, 'source' | 'mountPoint'>[]> {
  return linesOf(await readText(file));
}

/** @returns false when the mount point has a line */
export async function addToFstab(line: FstabLine, file = fstab): Promise<boolean> {
  const text = await readText(file);
  if (linesOf(text).some(({ mountPoint }) => mountPoint === line.mountPoint)) return false;
  const fields = [line.source, line.mountPoint, line.type, line.options].map(escapeField);
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await writeFileAtomically(await realpath(file).catch(() => file), `${before}${fields.join(' ')} 0 2\n`);
  return true;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(ifMissing(''));
}

function linesOf(text: string): Pick<FstabLine, 'source' | 'mountPoint'>[] {
  const lines = text.split('\n').filter((line) => !line.trim().startsWith('#'));
  return lines.flatMap((line) => {
    const [source, mountPoint] = line.trim().split(/\s+/).map(unescapeOctal);
    return source === undefined || mountPoint === undefined ? [] : [{ source, mountPoint }];
  });
}

/** fstab(5): white space as \040 and so on. */
function escapeField(text: string): string {
  return text.replaceAll(/[\s\\#]/g, (sign) => `\\${(sign.codePointAt(0) ?? 0).toString(8).padStart(3, '0')}`);
}
