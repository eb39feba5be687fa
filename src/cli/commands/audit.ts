/** pi-image audit: who changed what, when, from where, and how it ended. */
import { InvalidArgumentError } from 'commander';

import type { AuditEntry } from '../../model/audit.ts';
import { withDatabase } from '../../host/state-file.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { callIfThere } from '../typed-client.ts';

interface AuditFlags {
  readonly by?: string;
  readonly limit: number;
  readonly output: OutputFormat;
}

const mostEntries = 1000;

export const registerAudit: RegisterCommand = (program, context) => {
  const audit = program
    .command('audit')
    .summary('who changed what')
    .description(
      'Lists changes of nodes, roles, images, power and tokens, newest first: who asked, from where, and how it was ' +
        'answered; also what was refused. Dry runs are not among them.',
    )
    .option('--by <name>', 'only those of this token; "socket" and "command" are this machine')
    .option('--limit <count>', `how many, at most ${mostEntries}`, parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  pi-image audit\n  pi-image audit --by ci --limit 500 -o json')
    .action(async ({ by, limit, output }: AuditFlags) => {
      context.stdout(renderListing(await readAudit(context, { by, limit }), output, listing));
    });
  withOutput(audit);
};

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostEntries) return limit;
  throw new InvalidArgumentError(`Write a number from 1 to ${mostEntries}.`);
}

async function readAudit(
  context: CliContext,
  { by, limit }: { readonly by: string | undefined; readonly limit: number },
): Promise<readonly AuditEntry[]> {
  const called = await callIfThere(await context.service(), 'GET /audit', { query: { limit, by } });
  if (called.kind === 'answer') return called.answer;
  return withDatabase(context.paths().state, context.signal, ({ audit }) => audit.list({ limit, by }));
}

const listing: Listing<AuditEntry> = {
  columns: [
    { title: 'time', of: ({ atMs }) => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z') },
    { title: 'by', of: ({ by }) => by },
    { title: 'from', of: ({ from }) => from },
    { title: 'answer', of: ({ status }) => status },
    { title: 'request', of: ({ request }) => request.replace(' /api/v1', ' ') },
    { title: 'what', of: ({ body, reason }) => reason ?? body },
  ],
  name: ({ id }) => String(id),
  empty: 'nothing has been changed yet',
};
