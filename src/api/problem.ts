/** The one place that knows which error is which status: RFC 9457 problem details. */
import type { ErrorRequestHandler, Response } from 'express';

import { describeError } from '../model/describe-error.ts';
import { ChangedError, ConfigError, NotFoundError, PiImageError, RefusedError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { ProblemsError, renderProblem } from '../model/problem.ts';
import { HttpError } from './http-error.ts';
import type { Problem } from './schemas/problem.ts';

function sendProblem(response: Response, problem: Problem): void {
  response.status(problem.status).type('application/problem+json').end(JSON.stringify(problem));
}

export function sendError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) log.warn('api.failed', { path: request.path, reason: describeError(error) });
    if (error instanceof HttpError) response.set(error.headers);
    if (error instanceof ChangedError) response.set('etag', error.etag);
    sendProblem(response, { status, ...describe(error, status) });
  };
}

function describe(error: unknown, status: number): Omit<Problem, 'status'> {
  if (!(error instanceof PiImageError)) {
    return { title: status < 500 ? fromExpress(error as Error) : 'internal error; see the log of pi-image' };
  }
  const problems = error instanceof ProblemsError ? error.problems.map(renderProblem) : undefined;
  const isMany = problems !== undefined && problems.length > 1;
  return {
    title: isMany ? `${problems.length} things are wrong with what was sent` : error.message,
    ...(error.hint !== undefined && { detail: error.hint }),
    ...(problems !== undefined && { problems }),
    ...(error instanceof ChangedError && { etag: error.etag }),
  };
}

function fromExpress(error: Error & { readonly type?: unknown }): string {
  if (error.type === 'entity.parse.failed') return `the body is not JSON: ${error.message}`;
  return error.message;
}

export function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof NotFoundError) return 404;
  if (error instanceof RefusedError) return 409;
  if (error instanceof ChangedError) return 412;
  if (error instanceof ConfigError) return 400;
  if (error instanceof PiImageError) return 500;
  // Express and its body parser put the status on what a client has caused.
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
