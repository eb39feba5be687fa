/** Whoever works with the API while the storage node dies: changes roles, makes a token, names a board, reads the events. */
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { request, type ApiMethod } from '../../src/cli/api-client.ts';
import type { Event } from '../../src/model/event.ts';
import type { AdminFact } from './chaos-facts.ts';

export interface AdminCall {
  readonly method: ApiMethod;
  readonly route: string;
  readonly body: Record<string, string>;
  /** What a 2xx acknowledges. */
  readonly fact: (answer: unknown) => AdminFact;
}

export function setRole(node: string, role: string): AdminCall {
  const fact = (): AdminFact => ({ kind: 'role', node, role });
  return { method: 'PUT', route: `/nodes/${node}/role`, body: { role }, fact };
}

export function makeToken(name: string): AdminCall {
  const fact = (answer: unknown): AdminFact => {
    return { kind: 'api-token', name, secret: (answer as { token: string }).token };
  };
  return { method: 'POST', route: '/tokens', body: { name, scope: 'read' }, fact };
}

export function adopt(mac: string, as: { readonly name: string; readonly role: string; readonly address: string }) {
  const { name } = as;
  const call: AdminCall = {
    method: 'POST',
    route: `/unknown-boards/${encodeURIComponent(mac)}:adopt`,
    body: as,
    fact: () => ({ kind: 'adopted', mac, name }),
  };
  return call;
}

/** Stops at the first call without an answer: what became of that one is open, and it is the last of `asked`. */
export class Admin {
  readonly facts: AdminFact[] = [];
  readonly asked: AdminCall[] = [];
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** @returns false when the service is gone */
  async call(call: AdminCall): Promise<boolean> {
    this.asked.push(call);
    const { method, route, body } = call;
    try {
      const answer = await request(this.#socket, method, route, body, onlyOnce);
      if (answer.kind === 'no-service') return false;
      if (answer.status >= 300)
        throw new Rejected(`${method} ${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
      this.facts.push(call.fact(answer.body));
      return true;
    } catch (error) {
      if (error instanceof Rejected) throw error;
      return false;
    }
  }

  /** Until the service is gone, or `signal` aborts. */
  follow(signal: AbortSignal): void {
    const headers = { 'last-event-id': '0' };
    const reading = httpRequest({ socketPath: this.#socket, path: '/api/v1/events', headers, signal }, (answer) => {
      this.#takeEvents(answer).catch(() => undefined);
    });
    reading.on('error', () => undefined);
    reading.end();
  }

  async #takeEvents(stream: AsyncIterable<Buffer>): Promise<void> {
    let rest = '';
    for await (const chunk of stream) {
      const lines = `${rest}${chunk.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((each) => each.startsWith('data: '))) {
        this.facts.push({ kind: 'event', event: JSON.parse(line.slice('data: '.length)) as Event });
      }
    }
  }

  /** @returns false when nobody answers within that time */
  async waitForService(timeoutMs: number): Promise<boolean> {
    for (const deadlineMs = Date.now() + timeoutMs; Date.now() < deadlineMs; await sleep(50)) {
      const answer = await request(this.#socket, 'GET', '/nodes').catch(() => undefined);
      if (answer?.kind === 'answer') return true;
    }
    return false;
  }
}

/** The next service would be asked what became of it. */
const onlyOnce = { pausesMs: [] };

/** The service answered that it will not: a fault of the test. */
class Rejected extends Error {}
