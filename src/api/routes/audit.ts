/** The audit log: who changed what. */
import { z } from 'zod';

import { AuditEntry } from '../../model/audit.ts';
import { ConfigError } from '../../model/errors.ts';
import { json, route, type Route } from '../route.ts';

const usualLimit = 100;

const auditExample = {
  id: 17,
  atMs: 1_795_248_340_000,
  by: 'ci',
  from: '192.168.1.20',
  action: 'setNodeRole',
  request: 'PUT /api/v1/nodes/node01/role',
  body: '{"role":"login"}',
  status: 200,
};

export const auditRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/audit',
    id: 'listAudit',
    tag: 'service',
    scope: 'admin',
    summary: 'List who changed what, newest first',
    description:
      'Each change with who asked for it, from where, and how it was answered; also those that were refused. No dry ' +
      'runs. The newest 100,000 are kept, and 100 answered unless `limit` says more.',
    isPaged: true,
    query: [
      {
        name: 'by',
        description: 'Only those of this token.',
        schema: z.string().max(100),
        json: { type: 'string', maxLength: 100 },
      },
    ],
    answers: { 200: { summary: 'Changes', schema: z.array(AuditEntry), example: [auditExample] } },
    run: async ({ actions, query, page }) => {
      const limit = page?.limit ?? usualLimit;
      const { by } = query as { by?: string };
      const found = await actions.audit.list({ limit: limit + 1, before: readCursor(page?.after), by });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const isMore = page !== undefined && found.length > limit && last !== undefined;
      return json(shown, { next: isMore ? String(last.id) : undefined });
    },
  }),
];

function readCursor(after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  if (/^\d{1,15}$/.test(after)) return Number(after);
  throw new ConfigError(`query: after: "${after}" is not the number of an entry`, {
    hint: 'Begin with the first page.',
  });
}
