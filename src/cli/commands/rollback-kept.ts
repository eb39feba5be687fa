/** The part of "rollback" that goes back to generations that are kept. */
import type { Command } from 'commander';

import type { Rollback, RollbackRequest } from '../../api/schemas/rollout.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { PiImageError, UsageError } from '../../model/errors.ts';
import { compressHostlist, expandHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import { renderValue } from '../output.ts';
import { readRoles } from '../read-nodes.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import type { ChangeFlags } from './node-change.ts';

export interface KeptFlags {
  readonly generation?: string;
  readonly lastGood?: boolean;
  readonly at?: string;
  readonly all?: boolean;
}

export function withKeptFlags(command: Command): Command {
  return command
    .option('--generation <id>', 'this generation, of "node history"; its first 6 digits or more')
    .option('--last-good', 'the newest generation that came up, before the one that it would boot now')
    .option('--at <time>', 'what it ran then: 2h ago, or 2026-11-21T08:00')
    .option('--all', 'all nodes of the cluster');
}

/** @throws UsageError when the flags contradict each other */
export function isKeptWanted(
  name: string | undefined,
  flags: KeptFlags & { readonly to?: string; readonly newest?: boolean; readonly retry?: boolean },
): boolean {
  const { generation, lastGood, at, all, to, newest, retry } = flags;
  const kept = [generation, lastGood, at].filter((flag) => flag !== undefined).length;
  if (kept > 1) throw new UsageError('give one of --generation, --last-good, --at');
  if (kept === 1 && (to !== undefined || newest !== undefined)) {
    throw new UsageError('--to and --newest choose versions: give them without --generation, --last-good, --at');
  }
  if (kept === 1 && retry === true) throw new UsageError('--retry goes with --newest or --to');
  if (all === true && kept === 0) {
    throw new UsageError('--all goes with --last-good or --at', { hint: 'Versions of images are chosen by role.' });
  }
  if (kept === 1 && (name === undefined) !== (all === true)) throw new UsageError('give a role or nodes, or --all');
  return kept === 1;
}

export async function rollBackToKept(
  name: string | undefined,
  flags: KeptFlags & ChangeFlags,
  context: CliContext,
): Promise<void> {
  const server = await context.service();
  const request: RollbackRequest = { ...(await whoOf(name, context)), to: toOf(flags) };
  const answer = await call(server, 'POST /nodes:rollback', { query: dryRunQuery(flags.dryRun), body: request });
  const changed = answer.nodes.filter(({ isChanged }) => isChanged);
  if (flags.output === 'name') return context.stdout(changed.map(({ node }) => `${node}\n`).join(''));
  if (flags.output !== 'table') return context.stdout(renderValue(answer, flags.output));
  context.stdout(describe(answer));
}

async function whoOf(name: string | undefined, context: CliContext): Promise<Omit<RollbackRequest, 'to'>> {
  if (name === undefined) return { all: true };
  const roles = await readRoles(context);
  return roles.some((role) => role.name === name) ? { role: name } : { nodes: expandHostlist(name) };
}

function toOf({ generation, at }: KeptFlags): RollbackRequest['to'] {
  if (generation !== undefined) return { kind: 'generation', id: generation };
  return at === undefined ? { kind: 'last-good' } : { kind: 'at', atMs: parseTime(at) };
}

/** `2h`: so long ago. Otherwise a time as ISO 8601 writes it, of this machine's time zone unless it says one. */
function parseTime(text: string): number {
  try {
    return Date.now() - parseDurationMs(text);
  } catch (error) {
    if (!(error instanceof PiImageError)) throw error;
    const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms))
      throw new UsageError(`--at: "${text}" is no time`, { hint: 'Write 2h, or 2026-11-21T08:00.' });
    return ms;
  }
}

function describe({ nodes, leftOut, dryRun }: Rollback): string {
  const lines = nodes.map(({ node, generation, image, isChanged }) => {
    const what = `${image}, generation ${generation.slice(0, 12)}`;
    return `${node}: ${isChanged ? `${what} at its next boot` : `boots ${what} already`}\n`;
  });
  const reasons = new Map<string, string[]>();
  for (const { node, reason } of leftOut) reasons.set(reason, [...(reasons.get(reason) ?? []), node]);
  const left = [...reasons].map(([reason, names]) => `left out: ${compressHostlist(names)}: ${reason}\n`);
  return `${lines.join('')}${left.join('')}${dryRun ? 'dry run: nothing was changed\n' : ''}`;
}
