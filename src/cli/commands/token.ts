/** pi-image token: who may use the API over TCP. Through the running service, or in the database when none runs. */
import path from 'node:path';

import { Option, type Command } from 'commander';

import type { ChangeOptions } from '../../model/change.ts';
import type { TokenActions } from '../../api/actions.ts';
import type { RevokedToken, Token } from '../../api/schemas/token.ts';
import { writeFileAtomically } from '../../host/atomic-file.ts';
import { withDatabase } from '../../host/state-file.ts';
import { hasExpired, tokenScopes, type TokenScope } from '../../model/api-token.ts';
import { checkShape } from '../../model/check-shape.ts';
import { UsageError } from '../../model/errors.ts';
import { defaultLife, renderMoment, TokenLife } from '../../model/token-life.ts';
import { ResourceName } from '../../model/names.ts';
import { audited } from '../audited.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderAge } from '../../model/duration.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { callIfThere, dryRunQuery } from '../typed-client.ts';
import { tokenActions } from '../wire-up-api-tokens.ts';

export const registerToken: RegisterCommand = (program, context) => {
  const token = program.command('token').summary('who may use the API over TCP');
  registerCreate(token, context);
  registerList(token, context);
  registerRevoke(token, context);
};

interface CreateFlags {
  readonly scope: TokenScope;
  readonly expires: string;
  readonly out?: string;
  readonly dryRun?: boolean;
}

function registerCreate(parent: Command, context: CliContext): void {
  parent
    .command('create')
    .summary('create a token, and show it this once')
    .description(
      'Prints the token, which is shown nowhere else: the service keeps its hash only. `read` sees everything but ' +
        'secrets, `operate` also changes roles and reboots, `admin` also changes nodes, adopts boards and makes tokens. ' +
        'It ends by itself; a new one may then have its name. "pi-image doctor" tells a week before.',
    )
    .argument('<name>', 'what it is for')
    .addOption(new Option('--scope <scope>', 'what it allows').choices(tokenScopes).default('read'))
    .option('--expires <time>', 'how long it counts: 30d, 12h, 45m, or never', defaultLife)
    .option('--out <file>', 'write it into this file, mode 0600, and do not print it')
    .option('--dry-run', 'check, create nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image token create ci --scope operate --expires 30d --out /root/ci.token\n' +
        '  pi-image token create prometheus --expires never --out /etc/prometheus/pi-image.token',
    )
    .action((name: string, flags: CreateFlags) => create(name, flags, context));
}

async function create(name: string, flags: CreateFlags, context: CliContext): Promise<void> {
  const { scope, expires, out, dryRun = false } = flags;
  requireShape(ResourceName, name);
  requireShape(TokenLife, expires);
  const given = { query: dryRunQuery(dryRun), body: { name, scope, expires } };
  const called = await callIfThere(await context.service(), 'POST /tokens', given);
  const made = await answerOf(called, context, (actions) => actions.createToken(given.body, options(dryRun)));
  const what = `token ${name} with the scope ${scope}, ${untilOf(made)}`;
  if (made.token === undefined) return context.stdout('dry run: nothing was changed\n');
  if (out === undefined) {
    context.stderr(`${what}; it is not shown again:\n`);
    return context.stdout(`${made.token}\n`);
  }
  try {
    await writeFileAtomically(path.resolve(out), `${made.token}\n`, 0o600);
  } catch (error) {
    // Nobody has it: it must not stay valid.
    await revoke(name, false, context);
    throw error;
  }
  context.stdout(`${what}, is in ${out}\n`);
}

const untilOf = ({ expiresAtMs }: Pick<Token, 'expiresAtMs'>) =>
  expiresAtMs === undefined ? 'without an end' : `until ${renderMoment(expiresAtMs)}`;

function requireShape(schema: Parameters<typeof checkShape>[0], text: string): void {
  const shaped = checkShape(schema, text);
  if (shaped.kind === 'invalid') throw new UsageError(shaped.problems.map(({ message }) => message).join('; '));
}

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list tokens')
    .addHelpText('after', '\nExample:\n  pi-image token list')
    .action(async (flags: { output: OutputFormat }) => {
      const called = await callIfThere(await context.service(), 'GET /tokens', {});
      const tokens = await answerOf(called, context, (actions) => actions.tokens());
      context.stdout(renderListing(tokens, flags.output, listing(Date.now())));
    });
  withOutput(list);
}

function listing(nowMs: number): Listing<Token> {
  return {
    columns: [
      { title: 'name', of: ({ name }) => name },
      { title: 'scope', of: ({ scope }) => scope },
      { title: 'created', of: ({ createdAtMs }) => `${renderAge(nowMs - createdAtMs)} ago` },
      { title: 'expires', of: (token) => expiryOf(token, nowMs) },
      {
        title: 'used',
        of: ({ lastUsedAtMs }) => (lastUsedAtMs === undefined ? 'never' : `${renderAge(nowMs - lastUsedAtMs)} ago`),
      },
    ],
    name: ({ name }) => name,
    empty: 'there are no tokens; make one with "pi-image token create NAME --scope operate"',
  };
}

function expiryOf(token: Pick<Token, 'expiresAtMs'>, nowMs: number): string {
  const { expiresAtMs } = token;
  if (expiresAtMs === undefined) return 'never';
  return hasExpired(token, nowMs)
    ? `has expired ${renderAge(nowMs - expiresAtMs)} ago`
    : `in ${renderAge(expiresAtMs - nowMs)}`;
}

function registerRevoke(parent: Command, context: CliContext): void {
  parent
    .command('revoke')
    .summary('make tokens worthless')
    .argument('<names...>', 'of "pi-image token list"')
    .option('--dry-run', 'check, revoke nothing')
    .addHelpText('after', '\nExample:\n  pi-image token revoke ci')
    .action(async (names: string[], { dryRun = false }: { dryRun?: boolean }) => {
      for (const name of names) {
        const { scope } = await revoke(name, dryRun, context);
        context.stdout(`token ${name} with the scope ${scope} ${dryRun ? 'would be' : 'is'} revoked\n`);
      }
    });
}

async function revoke(name: string, dryRun: boolean, context: CliContext): Promise<RevokedToken> {
  const given = { path: { name }, query: dryRunQuery(dryRun) };
  const called = await callIfThere(await context.service(), 'DELETE /tokens/{name}', given);
  return answerOf(called, context, (actions) => actions.revokeToken(name, options(dryRun)));
}

const options = (dryRun: boolean): ChangeOptions => ({ by: 'command', dryRun, ifMatch: undefined });

/** @param here what the service would do, for when none runs on this machine */
async function answerOf<T>(
  called: { readonly kind: 'answer'; readonly answer: T } | { readonly kind: 'no-service' },
  context: CliContext,
  here: (actions: TokenActions) => T | Promise<T>,
): Promise<T> {
  if (called.kind === 'answer') return called.answer;
  return withDatabase(context.paths().state, context.signal, async ({ tokens, audit }) => {
    const { createToken, revokeToken, ...questions } = tokenActions(tokens);
    return here({ ...questions, ...audited({ createToken, revokeToken }, audit) });
  });
}
