/** The part of "node role" and "node set" that changes roles as an operation: drained first, a few at a time, and back when it fails. */
import { Option, type Command } from 'commander';

import { AssignRequest, type StartedOperation } from '../../api/schemas/operation.ts';
import { checkShape } from '../../model/check-shape.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { ConfigError, UsageError } from '../../model/errors.ts';
import { drainPolicies, type DrainPolicy } from '../../model/operation.ts';
import { compressHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import type { NodeClient } from '../node-client.ts';
import { explainFlag, given } from '../node-flags.ts';
import { renderValue } from '../output.ts';
import { renderRoleDiff } from '../role-diff.ts';
import { chooseTargets, optionsOf, type ChangeFlags } from './node-change.ts';
import { watchOperation } from './operation.ts';

export interface AssignFlags extends ChangeFlags {
  readonly drain?: DrainPolicy;
  readonly drainDeadline?: string;
  readonly maxUnavailable?: string;
  readonly retry?: boolean;
  readonly wait?: boolean;
}

export function withAssignFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--drain <policy>',
        'as an operation: drain each node in Slurm, change, reboot, resume; jobs: wait for them, requeue them, or force',
      ).choices(drainPolicies),
    )
    .option('--drain-deadline <time>', 'how long jobs may run on, such as 30m (1h unless given)')
    .option('--max-unavailable <n|p%>', 'so many nodes at the same time (25% unless given)')
    .option('--retry', 'also what did not come up in an operation before')
    .option('--wait', 'follow the operation to its end');
}

export function isAssignment(flags: AssignFlags): boolean {
  if (flags.drain !== undefined) return true;
  const others = ['drainDeadline', 'maxUnavailable', 'retry', 'wait'] as const;
  const other = others.find((name) => flags[name] !== undefined);
  if (other === undefined) return false;
  const named = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${named} goes with --drain`, { hint: 'For example --drain wait.' });
}

export async function assignRole(
  selectors: readonly string[],
  role: string,
  flags: AssignFlags,
  { context, client }: { context: CliContext; client: NodeClient },
): Promise<void> {
  const nodes = (await chooseTargets(selectors, client)).map(({ name }) => name);
  const { answer } = await client.assignRole(role, requestOf(nodes, flags), optionsOf(flags));
  if (flags.output === 'name') return context.stdout(answer.operation === undefined ? '' : `${answer.operation}\n`);
  if (flags.output !== 'table') context.stdout(renderValue(answer, flags.output));
  else context.stdout(describe(answer, role));
  if (flags.wait === true && answer.operation !== undefined) await watchOperation(answer.operation, context);
}

function requestOf(
  nodes: readonly string[],
  { drain, drainDeadline, maxUnavailable, retry }: AssignFlags,
): AssignRequest {
  const drainDeadlineSeconds = drainDeadline === undefined ? undefined : secondsOf(drainDeadline);
  const shaped = checkShape(AssignRequest, { nodes, ...given({ drain, drainDeadlineSeconds, maxUnavailable, retry }) });
  if (shaped.kind === 'valid') return shaped.value;
  throw new UsageError(explainFlag(shaped.problems));
}

function secondsOf(duration: string): number {
  try {
    return parseDurationMs(duration) / 1000;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`--drain-deadline: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}

/** Nodes that change alike are told once. */
function describe({ operation, dryRun, nodes }: StartedOperation, role: string): string {
  if (nodes.length === 0) return `all of them have the role ${role} already\n`;
  const groups = new Map<string, string[]>();
  for (const { node, diff } of nodes) {
    const text = `${diff.role.from ?? '-'} -> ${diff.role.to ?? '-'}\n${renderRoleDiff(diff)}`;
    groups.set(text, [...(groups.get(text) ?? []), node]);
  }
  const texts = [...groups].map(([text, names]) => `${compressHostlist(names)}: ${text}`);
  const end = dryRun
    ? 'dry run: nothing was changed'
    : `operation ${operation} has begun: "pi-image operation watch ${operation}"`;
  return `${texts.join('\n')}${end}\n`;
}
