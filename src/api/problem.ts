/** The one place that knows which error is which status: RFC 9457 problem details. */
import type { ErrorRequestHandler, Response } from 'express';

import { describeError } from '../model/describe-error.ts';
import { ChangedError, ConfigError, NotFoundError, PiImageError, RefusedError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { ProblemsError, renderProblem } from '../model/problem.ts';

export function sendProblem(response: Response, status: number, problem: Readonly<Record<string, unknown>>): void {
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ status, ...problem }));
}

export function sendError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) log.warn('api.failed', { path: request.path, reason: describeError(error) });
    if (!(error instanceof PiImageError)) {
      const title = status < 500 ? (error as Error).message : 'internal error; see the log of pi-image';
      return sendProblem(response, status, { title });
    }
    const problems = error instanceof ProblemsError ? error.problems.map(renderProblem) : undefined;
    sendProblem(response, status, { title: error.message, detail: error.hint, problems });
  };
}

function statusOf(error: unknown): number {
  if (error instanceof NotFoundError) return 404;
  if (error instanceof RefusedError) return 409;
  if (error instanceof ChangedError) return 412;
  if (error instanceof ConfigError) return 400;
  if (error instanceof PiImageError) return 500;
  // body-parser puts the status on what a client has caused.
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
