/** Questions to an HTTP server on a Unix socket: one after the other, or so many a second whatever becomes of them. */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns milliseconds of each, counted from when it was to be asked */
export async function askSteadily(
  socketPath: string,
  route: string,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const beganMs = performance.now();
  const asked: Promise<number>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const dueMs = beganMs + (index * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    asked.push(ask(agent, socketPath, route).then(() => performance.now() - dueMs));
  }
  const took = await Promise.all(asked);
  agent.destroy();
  return took;
}

/** @returns mean milliseconds of one */
export async function askInRow(socketPath: string, route: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const beganMs = performance.now();
  for (let index = 0; index < count; index += 1) await ask(agent, socketPath, route);
  const meanMs = (performance.now() - beganMs) / count;
  agent.destroy();
  return meanMs;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

function ask(agent: Agent, socketPath: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get({ agent, socketPath, path }, (incoming) => {
      if (incoming.statusCode !== 200) reject(new Error(`${path} was answered ${incoming.statusCode}`));
      incoming.on('end', resolve).on('error', reject).resume();
    });
    asked.on('error', reject);
  });
}
