/** Does a program listen at an address and port? */
import { connect } from 'node:net';

import type { Ipv4Address } from '../model/ipv4.ts';

export interface TcpProbeOptions {
  readonly port: number;
  /** How long a machine may take to answer. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** `refused`: a machine is there and says that nothing listens; `silent`: nobody answers, or no way leads there. */
export function probeTcp(address: Ipv4Address, options: TcpProbeOptions): Promise<'open' | 'refused' | 'silent'> {
  const { port, waitMs, signal } = options;
  const patience = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal: patience });
    socket.once('connect', () => {
      socket.destroy();
      resolve('open');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'silent');
    });
  });
}
