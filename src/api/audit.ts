/** What the audit log holds of a request: changes and attempts at them by somebody who is known; no dry run. */
import type { Request, Response } from 'express';

import { auditedBody, type AuditLog } from '../model/audit.ts';
import { describeError } from '../model/describe-error.ts';
import type { Log } from '../model/log.ts';
import type { Access } from './auth.ts';
import { statusOf } from './problem.ts';
import { rateLimit } from './rate-limit.ts';
import type { Caller, Route } from './route.ts';

export interface AuditOptions {
  readonly audit: AuditLog;
  readonly access: Access;
  readonly log: Log;
  readonly now: () => number;
}

export interface Auditor {
  readonly done: (status: number, request: Request, response: Response) => Promise<void>;
  readonly refused: (error: unknown, request: Request, response: Response) => Promise<void>;
}

/** Refusals of one caller that are kept: who repeats them by the thousand must not push out what was done. */
const refusals = { burst: 100, refillMs: 10_000 };

/** undefined for what changes nothing. */
export function auditorOf(route: Route, { audit, access, log, now }: AuditOptions): Auditor | undefined {
  if (route.isChange !== true) return undefined;
  const limit = rateLimit({ ...refusals, now });
  const write = async (request: Request, response: Response, result: { status: number; reason?: string }) => {
    // `authorise` has put it there.
    const caller = response.locals['caller'] as Caller | undefined;
    if (caller === undefined || request.query['dryRun'] === 'true') return;
    const body = auditedBody(request.body);
    const entry = {
      by: caller.name,
      from: access.originOf(request),
      action: route.id,
      request: `${request.method} ${request.originalUrl.slice(0, 500)}`,
      ...(body !== undefined && { body }),
      ...result,
    };
    if (result.status < 300) log.info('api.changed', { by: entry.by, request: entry.request });
    await audit.append(entry).catch((error: unknown) => {
      // The change is on the disk, so it is answered as done.
      log.warn('audit.failed', { by: caller.name, request: entry.request, reason: describeError(error) });
    });
  };
  return {
    done: (status, request, response) => write(request, response, { status }),
    refused: async (error, request, response) => {
      const { name = '' } = (response.locals['caller'] as Caller | undefined) ?? {};
      if (limit.take(name) > 0) return;
      const reason = error instanceof Error ? error.message : String(error);
      await write(request, response, { status: statusOf(error), reason });
    },
  };
}
