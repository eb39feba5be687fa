/** The rack's control socket: one JSON line asks, one JSON line answers. Only root reaches it. */
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { HostError, PiImageError } from '../model/errors.ts';
import type { BoardStatus } from './board.ts';

export type RackRequest =
  | { readonly verb: 'status' }
  | { readonly verb: 'power'; readonly action: 'on' | 'off' | 'cycle'; readonly names: readonly string[] }
  | { readonly verb: 'down' };

export interface RackStatus {
  readonly service: { readonly state: 'starting' | 'healthy' | 'unhealthy'; readonly detail: string };
  readonly boards: readonly BoardStatus[];
}

type Answer = { readonly ok: true; readonly status: RackStatus } | { readonly ok: false; readonly message: string };

export async function serveControl(
  socketPath: string,
  handle: (request: RackRequest) => Promise<RackStatus>,
  signal: AbortSignal,
): Promise<void> {
  await rm(socketPath, { force: true });
  const server = createServer((socket) => void answerOne(socket, handle));
  server.listen(socketPath);
  await once(server, 'listening', { signal });
  await chmod(socketPath, 0o600);
  signal.addEventListener('abort', () => server.close(), { once: true });
}

async function answerOne(socket: Socket, handle: (request: RackRequest) => Promise<RackStatus>): Promise<void> {
  socket.on('error', () => socket.destroy());
  for await (const line of createInterface(socket)) {
    const answer = await answerTo(line, handle);
    socket.end(`${JSON.stringify(answer)}\n`);
    return;
  }
}

async function answerTo(line: string, handle: (request: RackRequest) => Promise<RackStatus>): Promise<Answer> {
  try {
    return { ok: true, status: await handle(JSON.parse(line) as RackRequest) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws HostError when nobody answers, PiImageError when the rack refuses */
export async function askRack(socketPath: string, request: RackRequest, signal: AbortSignal): Promise<RackStatus> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${JSON.stringify(request)}\n`);
    const [line] = (await once(createInterface(socket), 'line', { signal })) as [string];
    const answer = JSON.parse(line) as Answer;
    if (!answer.ok) throw new PiImageError(answer.message);
    return answer.status;
  } catch (error) {
    if (signal.aborted || error instanceof PiImageError) throw error;
    throw new HostError('the rack does not answer', { cause: error, hint: 'Raise it with "pi-image rack up".' });
  } finally {
    socket.destroy();
  }
}
