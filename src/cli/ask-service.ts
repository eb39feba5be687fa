/** Questions that only a running service can answer. */
import { HostError } from '../model/errors.ts';
import { request, requestOk, type ApiAnswer, type ApiServer } from './api-client.ts';

/** @throws HostError when no service runs, or with the service's own words when it refuses */
export async function ask(server: ApiServer, route: string): Promise<unknown> {
  return bodyOf(server, await requestOk(server, 'GET', route));
}

/** Answered also by a service that is not well. */
export async function askHealth(server: ApiServer): Promise<unknown> {
  return bodyOf(server, await request(server, 'GET', '/healthz'));
}

export function bodyOf(server: ApiServer, answer: ApiAnswer): unknown {
  if (answer.kind === 'answer') return answer.body;
  throw noService(server);
}

export function noService(server: ApiServer): HostError {
  const where = typeof server === 'string' ? `nobody listens on ${server}` : server.url.origin;
  return new HostError(`no service runs here (${where})`, {
    hint: 'Start it with "systemctl start pi-image" or "pi-image serve".',
  });
}
