/** pi-image status: is the service well, where does each node stand, which boards wait for a name? */
import type { HealthAnswer, NodeAnswer } from '../../api/actions.ts';
import { HostError } from '../../model/errors.ts';
import type { UnknownBoard } from '../../model/state.ts';
import { compareNames } from '../../plan/hostlist.ts';
import { apiSocket, request } from '../api-client.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderAge } from '../format.ts';
import { renderTable, renderValue, withOutput } from '../output.ts';

interface Status {
  readonly health: HealthAnswer;
  readonly nodes: readonly NodeAnswer[];
  readonly unknownBoards: readonly UnknownBoard[];
}

export const registerStatus: RegisterCommand = (program, context) => {
  const status = program
    .command('status')
    .summary('how the service and its nodes are')
    .description(
      'Asks the running service: its parts, each node with the phase of its last boot, and boards that are no nodes yet. ' +
        'Fails when a part of the service has a problem.',
    )
    .addHelpText('after', '\nExamples:\n  pi-image status\n  pi-image status -o json')
    .action(async (options: { output: 'table' | 'json' | 'yaml' }) => {
      const found = await readStatus(context);
      const { output } = options;
      context.stdout(output === 'table' ? renderStatus(found, Date.now()) : renderValue(found, output));
      const broken = found.health.parts.filter(({ problems }) => problems.length > 0).map(({ name }) => name);
      if (broken.length > 0) throw new HostError(`the service has problems: ${broken.join(', ')}`);
    });
  withOutput(status, ['table', 'json', 'yaml']);
};

async function readStatus(context: CliContext): Promise<Status> {
  const [health, nodes, unknownBoards] = await Promise.all([
    ask(context, '/healthz'),
    ask(context, '/nodes'),
    ask(context, '/unknown-boards'),
  ]);
  // The service and this command are one program: what it answers has the types of its actions.
  return { health, nodes, unknownBoards } as Status;
}

async function ask(context: CliContext, route: string): Promise<unknown> {
  const socket = apiSocket(context.paths().runtime);
  const answer = await request(socket, 'GET', route);
  if (answer.kind === 'no-service') {
    throw new HostError(`no service runs here (nobody listens on ${socket})`, {
      hint: 'Start it with "systemctl start pi-image" or "pi-image serve".',
    });
  }
  // healthz answers 503 with its parts when one of them is not well.
  if (answer.status < 400 || route === '/healthz') return answer.body;
  throw new HostError(`the service answered ${answer.status} for ${route}`, { hint: 'Look at its log.' });
}

export function renderStatus({ health, nodes, unknownBoards }: Status, nowMs: number): string {
  const sections = [renderParts(health, nowMs), renderNodes(nodes, nowMs), renderUnknown(unknownBoards, nowMs)];
  return sections.filter((section) => section !== '').join('\n');
}

function renderParts({ parts }: HealthAnswer, nowMs: number): string {
  return renderTable(parts, [
    { title: 'service', of: ({ name }) => name },
    { title: 'state', of: ({ problems }) => (problems.length === 0 ? 'ok' : 'problem') },
    { title: 'since', of: ({ sinceMs }) => renderAge(nowMs - sinceMs) },
    { title: '', of: ({ problems }) => problems.join('; ') || ' ' },
  ]);
}

function renderNodes(nodes: readonly NodeAnswer[], nowMs: number): string {
  if (nodes.length === 0) return 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"\n';
  const sorted = nodes.toSorted((a, b) => compareNames(a.name, b.name));
  return renderTable(sorted, [
    { title: 'node', of: ({ name }) => name },
    { title: 'role', of: ({ role }) => role },
    { title: 'address', of: ({ address }) => address },
    { title: 'state', of: ({ status }) => status.state },
    { title: 'last phase', of: ({ status }) => status.lastBoot?.phases.at(-1)?.phase },
    { title: 'ago', of: ({ status }) => lastSeen(status, nowMs) },
    { title: 'runs', of: ({ status }) => status.running?.image },
    { title: '', of: ({ status }) => noteOf(status) },
  ]);
}

function lastSeen({ lastBoot }: NodeAnswer['status'], nowMs: number): string | undefined {
  const atMs = lastBoot?.phases.at(-1)?.atMs ?? lastBoot?.startedAtMs;
  return atMs === undefined ? undefined : renderAge(nowMs - atMs);
}

/** Why it is not well, else what its next boot would change. */
function noteOf({ reason, desired, running }: NodeAnswer['status']): string {
  if (reason !== undefined) return reason;
  const isOld = running !== undefined && desired !== undefined && running.generation !== desired.generation;
  return isOld ? `next boot: ${desired.image}` : ' ';
}

function renderUnknown(boards: readonly UnknownBoard[], nowMs: number): string {
  if (boards.length === 0) return '';
  return renderTable(boards, [
    { title: 'unknown board', of: ({ mac }) => mac },
    { title: 'serial', of: ({ serial }) => serial },
    { title: 'board', of: ({ board }) => board },
    { title: 'address', of: ({ address }) => address },
    { title: 'seen', of: ({ lastSeenMs }) => renderAge(nowMs - lastSeenMs) },
  ]);
}
