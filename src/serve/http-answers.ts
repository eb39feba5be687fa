/** What all answers to boards have in common. */
import type { ErrorRequestHandler, Request, Response } from 'express';

import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import { parseIpv4, type Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';

/** Listening on an IPv4 address, so every peer has one. */
export function peerOf(request: Request): Ipv4Address {
  return parseIpv4(request.socket.remoteAddress ?? '');
}

export function refuse(response: Response, status: number, reason: string): void {
  response.status(status).type('text/plain').send(`${reason}\n`);
}

/** One sentence and no stack, whatever went wrong. */
export function failed(log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) log.warn('http.failed', { path: request.path, reason: describeError(error) });
    if (error instanceof PiImageError) return refuse(response, status, error.message);
    refuse(
      response,
      status,
      status < 500 ? 'the request cannot be understood' : 'internal error; see the log of pi-image',
    );
  };
}

/** body-parser and send put the status on the errors that a client has caused. */
function statusOf(error: unknown): number {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
