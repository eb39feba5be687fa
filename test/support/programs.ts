/** Real programs that unit tests check us against: may be missing on a laptop, never where PEERS=required is set. */
import { spawnSync } from 'node:child_process';

export function isMissing(program: string): boolean {
  return process.env['PEERS'] !== 'required' && !isThere(program);
}

export function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}
