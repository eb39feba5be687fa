/** pi-image node history: the boots of a node that are remembered, and who changed what of it. */
import type { Command } from 'commander';

import type { Change } from '../../api/schemas/rollout.ts';
import type { PublicBoot } from '../../model/node-status.ts';
import { describeOutcome, outcomeOf, renderBoot, spanOf } from '../boot-report.ts';
import { branded } from '../branded.ts';
import { changeListing } from '../change-listing.ts';
import type { CliContext } from '../context.ts';
import { printable, renderTime } from '../format.ts';
import { renderListing, withOutput, type Listing } from '../output.ts';
import { call } from '../typed-client.ts';

export function registerHistory(parent: Command, context: CliContext): void {
  const history = parent
    .command('history')
    .summary('list the boots of a node and who changed it, newest first')
    .description(
      'Lists when each boot began, what it booted, how long it took, how it ended and why. The last ten are kept, the last one that came up, and ' +
        'the one that the node runs. Below them stands who changed what of the node; --changes lists that alone.',
    )
    .argument('<node>', 'a name')
    .option('-w, --waterfall', 'draw each boot')
    .option('--changes', 'who changed what, instead of the boots')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image node history node01\n  pi-image node history node01 --waterfall\n  pi-image node history node01 --changes',
    )
    .action(async (name: string, { output, waterfall, changes }: HistoryFlags) => {
      if (changes === true) return context.stdout(renderListing(await readChanges(name, context), output, told(name)));
      const answer = await call(await context.service(), 'GET /nodes/{name}/boots', { path: { name } });
      const boots = branded<readonly PublicBoot[]>(answer);
      const nowMs = Date.now();
      if (waterfall === true && output === 'table') return context.stdout(drawAll(boots, nowMs, context));
      context.stdout(renderListing(boots, output, listing(name, nowMs)));
      if (output !== 'table') return;
      const known = await readChanges(name, context);
      if (known.length > 0) context.stdout(`\n${renderListing(known, output, told(name))}`);
    });
  withOutput(history, ['table', 'json', 'yaml']);
}

interface HistoryFlags {
  readonly output: 'table' | 'json' | 'yaml';
  readonly waterfall?: true;
  readonly changes?: true;
}

const told = (node: string) => changeListing(node, false);

async function readChanges(node: string, context: CliContext): Promise<readonly Change[]> {
  return call(await context.service(), 'GET /nodes/{name}/history', { path: { name: node } });
}

function drawAll(boots: readonly PublicBoot[], nowMs: number, context: CliContext): string {
  const draw = (boot: PublicBoot) => {
    const title = `${renderTime(boot.startedAtMs)}, ${imageOf(boot)}`;
    return renderBoot({ boot, title, nowMs }, context.terminal());
  };
  return boots.map(draw).join('\n');
}

function listing(node: string, nowMs: number): Listing<PublicBoot> {
  return {
    columns: [
      { title: 'began', of: (boot) => renderTime(boot.startedAtMs) },
      { title: 'image', of: imageOf },
      { title: 'role', of: ({ role }) => role },
      { title: 'generation', of: ({ generation }) => generation.slice(0, 12) },
      { title: 'outcome', of: (boot) => describeOutcome(boot, boot.startedAtMs, nowMs) },
      { title: '', of: (boot) => printable(boot.closed?.cause ?? waitsFor(boot) ?? ' ') },
    ],
    name: ({ id }) => id,
    data: (boot) => dataOf(boot, nowMs),
    empty: `${node} has not booted yet`,
  };
}

const imageOf = ({ image }: PublicBoot) => image ?? '-';

function waitsFor({ closed, phases }: PublicBoot): string | undefined {
  const last = phases.at(-1);
  return closed === undefined && last?.phase === 'waiting' ? last.detail : undefined;
}

/** Times as text, and what a reader would have to compute. */
function dataOf(boot: PublicBoot, nowMs: number) {
  const { id, image, role, generation, files, bytes, phases, closed } = boot;
  const span = spanOf(boot, nowMs);
  return {
    id,
    began: new Date(boot.startedAtMs).toISOString(),
    image,
    role,
    generation,
    outcome: outcomeOf(boot),
    seconds: (span.toMs - span.fromMs) / 1000,
    cause: closed?.cause,
    hint: closed?.hint,
    files,
    bytes,
    phases: phases.map(({ phase, atMs, detail }) => ({ phase, seconds: (atMs - span.fromMs) / 1000, detail })),
  };
}
