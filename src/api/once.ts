/** Idempotency-Key: a request that is repeated, because its answer was lost, is carried out once and answered twice. */
import { createHash } from 'node:crypto';

import type { Request } from 'express';

import { ConfigError, RefusedError, unreachable } from '../model/errors.ts';
import type { AnswerMemory, KeyedRequest, KeyedWork, Once, RunOnce } from '../model/kept-answer.ts';
import { HttpError } from './http-error.ts';
import type { Call, Route } from './route.ts';

/** Two at the same time: the second waits, and has the answer of the first. */
export function onlyOnce(memory: AnswerMemory): RunOnce {
  const underWay = new Map<string, Promise<unknown>>();
  return async (once) => {
    const { key } = once.request;
    for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
      await other.catch(() => undefined);
    }
    const mine = oneByOne(memory, once).finally(() => underWay.delete(key));
    underWay.set(key, mine);
    return mine;
  };
}

async function oneByOne<Reply>(memory: AnswerMemory, { request, work, keep }: KeyedWork<Reply>): Promise<Once<Reply>> {
  const state = await memory.begin(request);
  switch (state.kind) {
    case 'new':
      break;
    case 'answered':
      return { kind: 'repeated', answer: state.answer };
    case 'other-request':
      throw new HttpError(422, 'this Idempotency-Key was sent with another request', {
        hint: 'Take a new key for each request; repeat one with the same method, address and body only.',
      });
    case 'unfinished':
      throw new RefusedError('this request was begun, and the service ended before it had an answer', {
        hint: 'Look whether it was carried out; if not, ask again with another Idempotency-Key.',
      });
    default:
      return unreachable(state);
  }
  const reply = await work().catch(async (error: unknown) => {
    // What fails has changed nothing, so it may be tried again.
    await memory.forget(request.key);
    throw error;
  });
  // It is done: that its answer cannot be kept is no reason to call it failed. A repeat is refused then.
  await memory.finish(request.key, keep(reply)).catch(() => undefined);
  return { kind: 'done', reply };
}

/** @returns undefined where nothing has to be remembered: other methods may be repeated as they are */
export function readKeyedRequest(route: Route, request: Request, { options }: Call): KeyedRequest | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined || !takesKey(route) || options.dryRun) return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new ConfigError('the header Idempotency-Key is not a text of 1 to 255 printable characters', {
      hint: 'Send a new UUID with each request.',
    });
  }
  return {
    key: digest([options.by, key]),
    request: digest([request.method, request.originalUrl, request.body]),
  };
}

export function takesKey({ method, isChange = false }: Route): boolean {
  return method === 'post' && isChange;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
