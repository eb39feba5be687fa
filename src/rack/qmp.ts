/** QEMU's control socket, as far as a rack needs it: why the guest stopped, and "quit". */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { HostError } from '../model/errors.ts';

/** `reset`: the guest restarted itself, also after a panic; `off`: it switched itself off. */
export type GuestEnd = 'reset' | 'off';

const connectTries = 100;
const betweenTriesMs = 50;

export interface QmpConnection {
  /** Settles when the guest ends; never when QEMU itself dies. */
  readonly guestEnd: Promise<GuestEnd>;
  quit(): void;
}

export async function connectQmp(socketPath: string, signal: AbortSignal): Promise<QmpConnection> {
  const socket = await connectPatiently(socketPath, signal);
  socket.on('error', () => socket.destroy());
  const lines = createInterface(socket);
  const guestEnd = new Promise<GuestEnd>((resolve) => {
    lines.on('line', (line) => {
      const end = readGuestEnd(line);
      if (end !== undefined) resolve(end);
    });
  });
  say(socket, 'qmp_capabilities');
  return { guestEnd, quit: () => say(socket, 'quit') };
}

/** @returns undefined for greetings, answers and other events */
export function readGuestEnd(line: string): GuestEnd | undefined {
  const message = JSON.parse(line) as { event?: unknown; data?: { reason?: unknown } };
  if (message.event !== 'SHUTDOWN') return undefined;
  return message.data?.reason === 'guest-reset' ? 'reset' : 'off';
}

/** QEMU makes the socket some time after its start. */
async function connectPatiently(socketPath: string, signal: AbortSignal): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    const socket = connect(socketPath);
    try {
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      if (tries >= connectTries) {
        throw new HostError(`QEMU does not answer on ${socketPath}`, { cause: error });
      }
      await sleep(betweenTriesMs, undefined, { signal });
    }
  }
}

function say(socket: Socket, command: string): void {
  socket.write(`${JSON.stringify({ execute: command })}\n`);
}
