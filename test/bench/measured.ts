/** A command in a control group of its own: how long it took, and how much processor time it and all its children did. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { Processor } from './processor.ts';

export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly stdout: string;
}

/** @param env added to ours; undefined takes a variable away @throws Error with the end of its output when it fails */
export async function measure(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Measured> {
  const child = spawn('sh', ['-c', 'read -r go && exec "$@"', 'sh', ...argv], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`cannot start ${argv[0]}`);
  const processor = await Processor.of(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  const ended = once(child, 'close');
  const beganMs = performance.now();
  child.stdin.end('go\n');
  const [code] = (await ended) as [number | null];
  const wallSeconds = (performance.now() - beganMs) / 1000;
  const cpuSeconds = await processor.seconds();
  await processor.remove();
  if (code !== 0) throw new Error(`${argv.join(' ').slice(0, 300)} ended with ${code}\n${stderr}`);
  return { wallSeconds, cpuSeconds, stdout };
}
