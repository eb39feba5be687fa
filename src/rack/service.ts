/** `pi-image serve` on the rack's storage node: started again when it dies, as systemd would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { cannotStart, type Argv } from '../host/process.ts';
import type { Log } from '../model/log.ts';
import type { RackStatus } from './control.ts';

/** As RestartSec= of a unit that has to come back. */
const restartMs = 1000;

/** The service itself promises to end within 5 s. */
const stopMs = 6000;

/** Returns when `signal` has aborted and the service has ended. */
export async function superviseService(
  argv: Argv,
  options: {
    readonly logFile: string;
    readonly log: Log;
    readonly signal: AbortSignal;
    readonly onStarted?: (pid: number) => void;
  },
): Promise<void> {
  const { log, signal } = options;
  while (!signal.aborted) {
    const output = await open(options.logFile, 'a');
    const [program, ...args] = argv;
    const child = spawn(program, args, { stdio: ['ignore', output.fd, output.fd] });
    log.info('service.started', { pid: String(child.pid) });
    if (child.pid !== undefined) options.onStarted?.(child.pid);
    const stop = () => void stopPatiently(child);
    signal.addEventListener('abort', stop, { once: true });
    const end = await ending(child, program);
    signal.removeEventListener('abort', stop);
    await output.close();
    if (signal.aborted) return;
    log.warn('service.ended', { reason: end });
    await sleep(restartMs, undefined, { signal }).catch(() => undefined);
  }
}

function ending(child: ChildProcess, program: string): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(cannotStart(program, error).message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
}

async function stopPatiently(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await sleep(stopMs, undefined, { ref: false });
  child.kill('SIGKILL');
}

/** What the service says about itself on its own socket. */
export function readHealth(apiSocket: string): Promise<RackStatus['service']> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: apiSocket, path: '/healthz', timeout: 2000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ state: response.statusCode === 200 ? 'healthy' : 'unhealthy', detail: text.trim() });
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in 2 s')));
    asked.on('error', (error) => resolve({ state: 'starting', detail: error.message }));
    asked.end();
  });
}
