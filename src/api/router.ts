/** The table of routes as an Express router: scope, dry run and body are checked here, once for all of them. */
import express, { Router, type Request, type RequestHandler, type Response } from 'express';

import { NotFoundError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import type { ApiActions } from './actions.ts';
import { auditorOf, type Auditor } from './audit.ts';
import { requireScope, type Access } from './auth.ts';
import { HttpError } from './http-error.ts';
import { jsonLists } from './json-text.ts';
import { readKeyedRequest } from './once.ts';
import { linkToNext } from './page.ts';
import { streamLimit, type StreamLimit } from './stream-limit.ts';
import { mergePatchType, queryReader, readBody } from './read-request.ts';
import type { Call, Caller, Reply, Route } from './route.ts';

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly actions: ApiActions;
  readonly access: Access;
  readonly log: Log;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Room for a thousand nodes with variables. */
const bodyLimit = '4mb';

export function apiRouter(options: RouterOptions): Router {
  const { routes, actions } = options;
  const router = Router();
  const readJson = express.json({ limit: bodyLimit, strict: false, type: ['application/json', mergePatchType] });
  for (const route of routes) {
    const auditor = auditorOf(route, { audit: actions.audit, ...options });
    // Whoever may not ask does not make us read a body.
    const [before, last] = [authorise(route, options, auditor), answer(route, options, auditor)];
    router[route.method](expressPath(route.path), before, readJson, last);
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    router.all(expressPath(path), ({ method }) => {
      throw new HttpError(405, `${method} is not possible here`, { headers: { allow: methods.join(', ') } });
    });
  }
  return router;
}

function authorise({ scope }: Route, { access }: RouterOptions, auditor: Auditor | undefined): RequestHandler {
  return async (request, response, next) => {
    const caller = access.callerOf(request);
    access.admit(request, caller);
    response.locals['caller'] = caller;
    try {
      requireScope(caller, scope);
    } catch (error) {
      await auditor?.refused(error, request, response);
      throw error;
    }
    next();
  };
}

function answer(route: Route, options: RouterOptions, auditor: Auditor | undefined): RequestHandler {
  const readQuery = queryReader(route);
  const streams = streamLimit();
  const listBytes = jsonLists();
  const carryOut = async (request: Request, response: Response) => {
    const call = callOf({ route, readQuery, ...options }, { request, response });
    const reply = await replyTo(route, request, call);
    return { reply, by: call.options.by };
  };
  return async (request, response) => {
    const { reply, by } = await carryOut(request, response).catch(async (error: unknown) => {
      await auditor?.refused(error, request, response);
      throw error;
    });
    if (reply.kind === 'json' && reply.isRepeated !== true) await auditor?.done(reply.status, request, response);
    await send(request, response, { reply, caller: by, streams, listBytes });
  };
}

type JsonReply = Extract<Reply, { kind: 'json' }>;

async function replyTo(route: Route, request: Request, call: Call): Promise<Reply> {
  const keyed = readKeyedRequest(route, request, call);
  if (keyed === undefined) return route.run(call);
  const { forRepeat = (body: unknown) => body } = route;
  const once = await call.actions.once({
    request: keyed,
    // Every change is answered as JSON.
    work: async () => (await route.run(call)) as JsonReply,
    keep: ({ status, body, etag, location }) => ({ status, body: forRepeat(body), etag, location }),
  });
  return once.kind === 'done' ? once.reply : { kind: 'json', ...once.answer, isRepeated: true };
}

type CallOptions = RouterOptions & { readonly route: Route; readonly readQuery: ReturnType<typeof queryReader> };

function callOf(
  { route, readQuery, actions, access, signal }: CallOptions,
  { request, response }: { readonly request: Request; readonly response: Response },
): Call {
  // `authorise` has put it there.
  const caller = response.locals['caller'] as Caller | undefined;
  const query = readQuery(request);
  return {
    actions,
    caller,
    query: query.values,
    page: query.page,
    signal,
    param: (name) => nameOf(String(request.params[name])),
    options: {
      by: caller?.name ?? 'nobody',
      dryRun: query.dryRun,
      ifMatch: route.isGuarded === true ? request.get('if-match') : undefined,
    },
    body: readBody(route, request),
    lastEventId: request.get('last-event-id'),
    isStillAllowed: () => {
      try {
        requireScope(access.callerOf(request), route.scope);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Nothing is called as what every object of JavaScript has: in tables that are looked up by name it would be found. */
function nameOf(param: string): string {
  if (param in Object.prototype) throw new NotFoundError(`there is nothing called ${param}`);
  return param;
}

interface Sending {
  readonly reply: Reply;
  readonly caller: string;
  /** Of this route. */
  readonly streams: StreamLimit;
  /** As above. */
  readonly listBytes: ReturnType<typeof jsonLists>;
}

async function send(request: Request, response: Response, sending: Sending): Promise<void> {
  const { reply, caller, streams, listBytes } = sending;
  if (reply.kind === 'stream') {
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    const release = streams.take(caller);
    return reply.send(response).finally(release);
  }
  if (reply.kind === 'text') {
    return void response.set({ ...reply.headers, 'content-type': reply.mediaType }).end(reply.text);
  }
  const { etag, next } = reply;
  // Express would answer 304 by a tag that does not cover a node's status.
  response.status(reply.kind === 'list' ? 200 : reply.status).type('application/json');
  if (etag !== undefined) response.set('etag', etag);
  if (next !== undefined) response.set('link', linkToNext(request.originalUrl, next));
  if (reply.kind === 'list') return void response.end(listBytes(reply.items));
  const { body, location, isRepeated } = reply;
  if (location !== undefined) response.set('location', location);
  if (isRepeated === true) response.set('idempotent-replayed', 'true');
  response.end(JSON.stringify(body));
}

/** `/nodes/{name}:reboot` as path-to-regexp writes it: `/nodes/:name\:reboot`. */
function expressPath(path: string): string {
  return path.replaceAll(':', String.raw`\:`).replaceAll(/\{(\w+)\}/g, ':$1');
}
