/** A question to a running service by its route, for racks whose tests ask many: the command line has typed calls. */
import { requestOk, type ApiServer } from '../../src/cli/api-client.ts';
import { noService } from '../../src/cli/ask-service.ts';

/** @throws HostError when no service runs, or with the service's own words when it refuses */
export async function ask(server: ApiServer, route: string): Promise<unknown> {
  const answer = await requestOk(server, 'GET', route);
  if (answer.kind === 'no-service') throw noService(server);
  return answer.body;
}
