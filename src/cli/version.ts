/** The version of this installation, from its package.json. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export function versionOf(shippedDir: string): string {
  const { version } = JSON.parse(readFileSync(path.join(shippedDir, 'package.json'), 'utf8')) as { version: string };
  return version;
}
