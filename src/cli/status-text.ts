/** The service, its nodes and unknown boards as tables, and what changed of them as lines. */
import type { HealthAnswer, NodeAnswer } from '../api/actions.ts';
import type { WaitingBoard } from '../model/state.ts';
import { describeDrift } from '../plan/drift.ts';
import { compareNames } from '../plan/hostlist.ts';
import { renderAge } from '../model/duration.ts';
import { printable } from './format.ts';
import { renderTable, type Column } from './output.ts';

export interface Status {
  readonly health: HealthAnswer;
  readonly nodes: readonly NodeAnswer[];
  readonly unknownBoards: readonly WaitingBoard[];
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
    { title: '', of: ({ problems, about = '' }) => problems.join('; ') || about || ' ' },
  ]);
}

function renderNodes(nodes: readonly NodeAnswer[], nowMs: number): string {
  if (nodes.length === 0) return 'there are no nodes yet; write nodes.yaml and run "pi-image apply -f nodes.yaml"\n';
  const sorted = nodes.toSorted((a, b) => compareNames(a.name, b.name));
  return renderTable(sorted, [
    { title: 'node', of: ({ name }) => name },
    { title: 'role', of: ({ role }) => role },
    { title: 'address', of: ({ address, status }) => status.address ?? address },
    { title: 'state', of: ({ status }) => status.state },
    { title: 'last phase', of: ({ status }) => status.lastBoot?.phases.at(-1)?.phase },
    { title: 'ago', of: ({ status }) => lastSeen(status, nowMs) },
    { title: 'runs', of: ({ status }) => status.running?.image },
    { title: '', of: noteOf },
  ]);
}

function lastSeen({ lastBoot }: NodeAnswer['status'], nowMs: number): string | undefined {
  const atMs = lastBoot?.phases.at(-1)?.atMs ?? lastBoot?.startedAtMs;
  return atMs === undefined ? undefined : renderAge(nowMs - atMs);
}

/** Why it is not well, else why it does not reboot, else what was changed on it, else what its next boot would change. */
function noteOf({ role, status: { reason, rebootFailed, desired, running, heartbeat } }: NodeAnswer): string {
  if (reason !== undefined) return printable(reason);
  if (rebootFailed !== undefined) return `cannot be told to reboot: ${printable(rebootFailed.reason)}`;
  const drift = describeDrift(heartbeat?.drift);
  if (drift !== undefined) return `drifted: ${drift}`;
  const isOld = running !== undefined && desired !== undefined && running.generation !== desired.generation;
  if (!isOld) return ' ';
  return running.role === role ? `next boot: ${desired.image}` : `next boot: ${desired.image} as ${role}`;
}

function renderUnknown(boards: readonly WaitingBoard[], nowMs: number): string {
  if (boards.length === 0) return '';
  return renderTable(boards, [{ title: 'unknown board', of: ({ mac }) => mac }, ...boardColumns(boards, nowMs)]);
}

/** What is known of boards that wait for a name, without columns that no board fills. What they say is printable already. */
export function boardColumns(boards: readonly WaitingBoard[], nowMs: number): Column<WaitingBoard>[] {
  const said: Column<WaitingBoard>[] = [
    { title: 'model', of: ({ model }) => model },
    { title: 'memory', of: ({ memoryMib }) => memoryMib && `${memoryMib} MiB` },
    { title: 'switch port', of: ({ switchPort }) => switchPort },
    { title: 'holds', of: ({ hold }) => hold && renderAge(nowMs - hold.sinceMs) },
  ];
  return [
    { title: 'serial', of: ({ serial }) => serial },
    { title: 'board', of: ({ board }) => board },
    { title: 'address', of: ({ address }) => address },
    { title: 'seen', of: ({ lastSeenMs, hold }) => renderAge(nowMs - (hold?.heardMs ?? lastSeenMs)) },
    ...said.filter(({ of }) => boards.some((board) => of(board) !== undefined)),
  ];
}

/** On a screen that is too small for all nodes, those that are well are counted instead. */
export function renderScreen(status: Status, nowMs: number, rows: number): string {
  const whole = renderStatus(status, nowMs);
  if (countLines(whole) < rows) return whole;
  const troubled = status.nodes.filter((node) => !isWell(node));
  const well = status.nodes.length - troubled.length;
  const some = renderStatus({ ...status, nodes: troubled }, nowMs);
  return well === 0 ? some : `${some}\n${well} of ${status.nodes.length} nodes are up and not shown\n`;
}

const countLines = (text: string) => text.split('\n').length;

const isWell = ({ status }: NodeAnswer) => isUp(status.state);

/** What a person would want to be told of; ages and heartbeats are not. */
export function statusChanges(before: Status | undefined, now: Status): string[] {
  const known = before === undefined ? new Map<string, string>() : linesOf(before);
  const lines = linesOf(now);
  const isNews = ([subject, line]: readonly [string, string]) =>
    known.get(subject) !== line && !(before === undefined && line === well);
  const gone = [...known.keys()].filter((subject) => !lines.has(subject));
  return [
    ...[...lines].filter(isNews).map(([subject, line]) => `${subject}: ${line}`),
    ...gone.map((subject) => `${subject}: gone`),
  ];
}

const well = 'ok';

function linesOf({ health, nodes, unknownBoards }: Status): Map<string, string> {
  return new Map([
    ...health.parts.map(({ name, problems }) => [`service ${name}`, problems.join('; ') || well] as const),
    ...nodes.map((node) => [node.name, describeNode(node)] as const),
    ...unknownBoards.map(({ mac, address, board }) => {
      return [
        `unknown board ${mac}`,
        `asks for a name from ${address}${board === undefined ? '' : `, a ${board}`}`,
      ] as const;
    }),
  ]);
}

function describeNode({ role, status }: NodeAnswer): string {
  const { state, lastBoot, running, reason, heartbeat } = status;
  const phase = state === 'booting' ? lastBoot?.phases.at(-1)?.phase : undefined;
  const runs = isUp(state) && running !== undefined ? `${running.image} as ${running.role}` : undefined;
  const becomes = running !== undefined && running.role !== role ? `next boot as ${role}` : undefined;
  const drift = describeDrift(heartbeat?.drift);
  const words = [state, phase, runs, becomes, reason, drift && `drifted: ${drift}`].filter(
    (word) => word !== undefined,
  );
  return printable(words.join(', '));
}

const isUp = (state: NodeAnswer['status']['state']) => state === 'ready' || state === 'up';
