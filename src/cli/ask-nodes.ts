/** Nodes as the service shows them. */
import type { NodeAnswer } from '../api/actions.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ApiServer } from './api-client.ts';
import { branded } from './branded.ts';
import { call } from './typed-client.ts';

export async function askNodes(server: ApiServer): Promise<readonly NodeAnswer[]> {
  return branded<readonly NodeAnswer[]>(await call(server, 'GET /nodes'));
}

export function withoutStatus({ status: _status, ...node }: NodeAnswer): NodeSpec {
  return node;
}
