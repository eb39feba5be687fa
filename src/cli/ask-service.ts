/** What only a running service can answer. */
import type { HealthAnswer } from '../api/actions.ts';
import { HostError } from '../model/errors.ts';
import { request, type ApiServer } from './api-client.ts';

/** Answered also by a service that is not well: 503 is no refusal here. */
export async function askHealth(server: ApiServer): Promise<HealthAnswer> {
  const answer = await request(server, 'GET', '/healthz');
  if (answer.kind === 'no-service') throw noService(server);
  return answer.body as HealthAnswer;
}

export function noService(server: ApiServer): HostError {
  const where = typeof server === 'string' ? `nobody listens on ${server}` : server.url.origin;
  return new HostError(`no service runs here (${where})`, {
    hint: 'Start it with "systemctl start pi-image" or "pi-image serve".',
  });
}
