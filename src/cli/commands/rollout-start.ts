/** pi-image rollout start. */
import { Option, type Command } from 'commander';

import { RolloutRequest } from '../../api/schemas/rollout.ts';
import { checkShape } from '../../model/check-shape.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { ConfigError, UsageError } from '../../model/errors.ts';
import { drainPolicies } from '../../model/operation.ts';
import type { CliContext } from '../context.ts';
import { explainFlag, given } from '../node-flags.ts';
import { renderValue } from '../output.ts';
import { renderStarted } from '../rollout-text.ts';
import { call, dryRunQuery } from '../typed-client.ts';
import { withChangeFlags, type ChangeFlags } from './node-change.ts';

interface StartFlags extends ChangeFlags {
  readonly image?: string;
  readonly overlays?: boolean;
  readonly canary?: string;
  readonly waves?: string;
  readonly check?: readonly string[];
  /** Commander's word for --no-slurm. */
  readonly slurm: boolean;
  readonly soak?: string;
  readonly deadline?: string;
  readonly drain?: string;
  readonly drainDeadline?: string;
  readonly maxUnavailable?: string;
  readonly maxFailed?: string;
  readonly retry?: boolean;
  readonly wait?: boolean;
}

export function registerRolloutStart(
  parent: Command,
  context: CliContext,
  watchRollout: (id: string) => Promise<void>,
): void {
  const start = parent
    .command('start')
    .summary('bring the newest version of its image, or its overlays, to the nodes of a role')
    .description(
      'A canary first, then wave after wave: each node is drained in Slurm, reboots, becomes ready and takes jobs again. ' +
        'The others boot what they had until their turn comes. When a wave is not well, all that have the new version ' +
        'get back what they had. --dry-run shows the waves.',
    )
    .argument('<role>')
    .option('--image <image>', 'NAME@VERSION (the newest version unless given)')
    .option('--overlays', 'what the overlays say now, with the same image')
    .option('--canary <n>', 'nodes that try it first (1 unless given)')
    .option('--waves <percents>', 'of the other nodes, after each wave (25,100 unless given)')
    .option('--check <name>', 'of cluster.yaml: must be well after each wave; again for more', addCheck)
    .option('--no-slurm', 'do not wait until nodes take jobs again')
    .option('--soak <time>', 'so long a wave runs before it counts (60s unless given)')
    .option('--deadline <time>', 'after that, what is not ready by then has failed (10m unless given)')
    .addOption(
      new Option('--drain <policy>', 'jobs: wait for them (unless given), requeue, or force').choices(drainPolicies),
    )
    .option('--drain-deadline <time>', 'how long jobs may run on, such as 30m (1h unless given)')
    .option('--max-unavailable <n|p%>', 'so many nodes at the same time (25% unless given)')
    .option('--max-failed <n>', 'so many behind the canary may fail (0 unless given)')
    .option('--retry', 'also what did not come up before')
    .option('--wait', 'follow it to its end')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image rollout start compute --dry-run\n  pi-image rollout start compute --image debian-lite@20261121.2 --canary 2 --waves 10,50,100 --wait\n  pi-image rollout start compute --overlays --check mpi --soak 10m',
    )
    .action(async (role: string, flags: StartFlags) => {
      const server = await context.service();
      const asked = { query: dryRunQuery(flags.dryRun), body: requestOf(role, flags) };
      const started = await call(server, 'POST /rollouts', asked);
      const { rollout } = started;
      if (flags.output === 'name') context.stdout(rollout === undefined ? '' : `${rollout}\n`);
      else context.stdout(flags.output === 'table' ? renderStarted(started) : renderValue(started, flags.output));
      if (flags.wait === true && rollout !== undefined) await watchRollout(rollout);
    });
  withChangeFlags(start);
}

function requestOf(role: string, flags: StartFlags): RolloutRequest {
  const { image, overlays, waves, check, slurm, drain, maxUnavailable, retry } = flags;
  if (image !== undefined && overlays === true) throw new UsageError('give --image or --overlays, not both');
  const target = overlays === true ? { kind: 'overlay', role } : { kind: 'image', role, ...given({ image }) };
  const shaped = checkShape(RolloutRequest, {
    target,
    slurm,
    ...given({
      canary: numberOf(flags.canary),
      waves: waves?.split(',').map((percent) => numberOf(percent.replace(/%$/, ''))),
      checks: check,
      soakSeconds: secondsOf('--soak', flags.soak),
      deadlineSeconds: secondsOf('--deadline', flags.deadline),
      drain,
      drainDeadlineSeconds: secondsOf('--drain-deadline', flags.drainDeadline),
      maxUnavailable,
      maxFailed: numberOf(flags.maxFailed),
      retry,
    }),
  });
  if (shaped.kind === 'valid') return shaped.value;
  throw new UsageError(explainFlag(shaped.problems));
}

const addCheck = (name: string, before: readonly string[] = []): readonly string[] => [...before, name];

/** What is no number is refused by the schema, which says what it must be. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}

function secondsOf(flag: string, duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  try {
    return parseDurationMs(duration) / 1000;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}
