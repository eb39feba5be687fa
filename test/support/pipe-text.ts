/** A program that reads a text and says what it thinks of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Said {
  readonly code: number | null;
  /** stdout and stderr, in the order in which they came. */
  readonly said: string;
}

export async function pipe(argv: readonly [string, ...string[]], text: string): Promise<Said> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part));
  // One that has seen enough ends before it has read all.
  child.stdin.on('error', () => undefined).end(text);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}
