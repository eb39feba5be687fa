/** A Unix socket's file outlives a service that was killed: it is removed when nobody answers behind it. */
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';

import { HostError } from '../model/errors.ts';

/** @throws HostError when another service listens there */
export async function clearStaleSocket(file: string): Promise<void> {
  if (await isAnswered(file)) {
    throw new HostError(`another service listens on ${file}`, { hint: 'Stop it, or give --runtime DIR.' });
  }
  await rm(file, { force: true });
}

function isAnswered(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}
