/** Names for all boards that wait, in the order in which they were switched on; once, or for as long as names are left. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodesChange } from '../../api/schemas/node.ts';
import type { BoardName } from '../../model/board.ts';
import { HostError } from '../../model/errors.ts';
import { parseIpv4 } from '../../model/ipv4.ts';
import type { MacAddress } from '../../model/mac.ts';
import { planAdoptions, type NamePattern, type PlannedAdoptions } from '../../plan/hold-adopt.ts';
import { expandHostlist } from '../../plan/hostlist.ts';
import type { CliContext } from '../context.ts';
import type { NodeClient } from '../node-client.ts';
import { renderValue } from '../output.ts';
import { optionsOf, showEnd, type ChangeFlags } from './node-change.ts';

export interface PatternFlags {
  readonly pattern: string;
  readonly firstAddress: string;
}

type Flags = ChangeFlags & PatternFlags & { readonly role: string; readonly board?: BoardName; readonly watch?: true };

const lookEveryMs = 1000;

export async function adoptInOrder(flags: Flags, client: NodeClient, context: CliContext): Promise<void> {
  const { role, board, firstAddress, pattern } = flags;
  const wanted = { names: expandHostlist(pattern), role, board, firstAddress: parseIpv4(firstAddress) };
  if (flags.watch === true) return goOn(wanted, client, context);
  const plan = await planNow(wanted, client);
  const answers = await adoptAll(plan, client, flags);
  show(plan, answers, { flags, client, context });
}

async function planNow(wanted: NamePattern, client: NodeClient): Promise<PlannedAdoptions> {
  return planAdoptions(wanted, await client.unknownBoards(), await client.nodes());
}

async function adoptAll(
  { adoptions }: PlannedAdoptions,
  client: NodeClient,
  flags: { readonly dryRun?: boolean },
): Promise<NodesChange[]> {
  // A plan of which a part is refused is none: all are found possible before the first is a node.
  const tries: NodesChange[] = [];
  for (const { mac, as } of adoptions) tries.push((await client.adopt(mac, as, optionsOf({ dryRun: true }))).answer);
  if (flags.dryRun === true) return tries;
  const done: NodesChange[] = [];
  for (const { mac, as } of adoptions) done.push((await client.adopt(mac, as, optionsOf({}))).answer);
  return done;
}

function show(
  { adoptions, skipped }: PlannedAdoptions,
  answers: readonly NodesChange[],
  { flags, client, context }: { flags: Flags; client: NodeClient; context: CliContext },
): void {
  const { output } = flags;
  if (output === 'name') return context.stdout(adoptions.map(({ as }) => `${as.name}\n`).join(''));
  if (output !== 'table') return context.stdout(renderValue(answers, output));
  context.stdout(renderAdoptions({ adoptions, skipped }));
  if (adoptions.length === 0) return context.stdout('no board waits for one of these names\n');
  showEnd(flags, context, client);
}

function renderAdoptions({ adoptions, skipped }: Pick<PlannedAdoptions, 'adoptions' | 'skipped'>): string {
  return [
    ...adoptions.map(({ mac, as }) => `+ ${as.name}  ${mac}  ${as.address}\n`),
    ...skipped.map(({ mac, reason }) => `  ${mac}: ${reason}\n`),
  ].join('');
}

/** Each board that appears gets the next name; who cannot have one is told once. */
async function goOn(wanted: NamePattern, client: NodeClient, context: CliContext): Promise<void> {
  if (client.service === undefined) {
    throw new HostError('no service runs here that boards could appear at', {
      hint: 'Start it with "systemctl start pi-image" or "pi-image serve".',
    });
  }
  const told = new Set<MacAddress>();
  const { signal, stdout } = context;
  while (!signal.aborted) {
    const { adoptions, skipped, left } = await planNow(wanted, client);
    const news = skipped.filter(({ mac }) => !told.has(mac));
    for (const { mac } of news) told.add(mac);
    await adoptAll({ adoptions, skipped, left }, client, {});
    stdout(renderAdoptions({ adoptions, skipped: news }));
    if (left.length === 0) return stdout('all names are given\n');
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
