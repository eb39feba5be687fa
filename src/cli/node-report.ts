/** A node as people read it: what it is, where it stands, and the picture of its last boot. */
import type { NodeAnswer } from '../api/actions.ts';
import { boards } from '../model/board.ts';
import type { NodeSpec } from '../model/node.ts';
import { asWritten } from '../model/node-address.ts';
import { describeDrift } from '../plan/drift.ts';
import { describeThrottling } from '../plan/throttling.ts';
import { renderBoot } from './boot-report.ts';
import { renderAge } from '../model/duration.ts';
import { printable, renderTime } from './format.ts';
import { renderFacts } from './output.ts';
import type { Canvas } from './waterfall.ts';

type Fact = readonly [name: string, value: string | number | undefined];

export function renderNode(node: NodeAnswer, nowMs: number, canvas: Canvas): string {
  const { lastBoot: boot } = node.status;
  const facts = renderFacts([...specFacts(node), ...statusFacts(node.status, nowMs)]);
  if (boot === undefined) return facts;
  const title = `last boot, ${renderTime(boot.startedAtMs)}`;
  return `${facts}\n${renderBoot({ boot, title, nowMs }, canvas)}`;
}

/** Where no service can say more. */
export function renderSpec(node: NodeSpec): string {
  return renderFacts([...specFacts(node), ['state', 'not known: no service runs here']]);
}

function specFacts(node: NodeSpec): Fact[] {
  return [
    ['node', node.name],
    ['role', node.role],
    ['board', `${node.board}, ${boards[node.board].title}`],
    ['address', asWritten(node).address],
    ['serial', node.serial],
    ['mac', node.mac ?? 'not seen yet'],
    ['power', node.power && `${node.power.switch} port ${node.power.port}`],
    ...Object.entries(node.labels ?? {}).map(([name, value]) => [`labels.${name}`, value] as const),
    ...Object.entries(node.vars).map(([name, value]) => [`vars.${name}`, String(value)] as const),
  ];
}

function statusFacts(
  { address, state, reason, running, desired, lastBoot, heartbeat, rebootFailed }: Status,
  nowMs: number,
): Fact[] {
  const isNew = desired !== undefined && desired.generation !== running?.generation;
  return [
    ['seen at', address],
    ['state', state],
    // The picture below tells why its boot failed.
    ['reason', reason === undefined || reason === lastBoot?.closed?.cause ? undefined : printable(reason)],
    ['runs', running && `${running.image} as ${running.role}${withRoot(running)}`],
    ['next boot', isNew ? `${desired.image}${withRoot(desired)}` : undefined],
    ['reboot', rebootFailed && `failed: ${printable(rebootFailed.reason)}`],
    ...heartbeatFacts(heartbeat, nowMs),
  ];
}

function heartbeatFacts(heartbeat: Status['heartbeat'], nowMs: number): Fact[] {
  if (heartbeat === undefined) return [];
  return [
    ['heard', describeHeartbeat(heartbeat, nowMs)],
    ['held back', describeThrottling(heartbeat.throttled)],
    ['drifted', describeDrift(heartbeat.drift)],
  ];
}

type Status = NodeAnswer['status'];

function describeHeartbeat({ atMs, uptimeSeconds, load, temperatureCelsius }: Heartbeat, nowMs: number): string {
  const facts = [
    `${renderAge(nowMs - atMs)} ago`,
    `up ${renderAge(uptimeSeconds * 1000)}`,
    `load ${load}`,
    temperatureCelsius === undefined ? undefined : `${temperatureCelsius} degrees`,
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

type Heartbeat = NonNullable<Status['heartbeat']>;

const withRoot = ({ root }: { readonly root?: string | undefined }) => (root === undefined ? '' : `, root ${root}`);
