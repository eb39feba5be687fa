/** The program that builds for the service: this one again, outside of the service's own unit, which may not mount. */
import { EventEmitter, once } from 'node:events';

import { outsideOurUnit } from '../host/outside-unit.ts';
import type { Argv } from '../host/process.ts';
import { leaderOf, endGroup, startGroup, type ProcessGroup } from '../host/process-group.ts';
import type { BuildOrder } from '../fleet/image-build-start.ts';
import { HostError, RefusedError } from '../model/errors.ts';
import type { ImageBuild } from '../model/image-build.ts';
import { selfWithPaths } from './self.ts';
import type { Paths } from './context.ts';
import { endOf, hearBuild, parseBuildLine } from '../plan/image-build-journal.ts';

export function buildArgv(paths: Paths, { image, packages, squash }: BuildOrder, isPlan: boolean): Argv {
  const flags = [...(packages === 'kept' ? [] : [`--${packages}`]), ...(squash ? ['--squash'] : [])];
  return selfWithPaths(paths, 'build', image, ...flags, '--progress', 'json', ...(isPlan ? ['--plan'] : []));
}

/** Boards that boot meanwhile go first. */
const gently = ['nice', '-n', '10'] as const;

/** @param argv of "pi-image build" with `--progress json` */
export async function startBuildProgram(argv: Argv, onLine: (line: string) => void): Promise<ProcessGroup> {
  const outside = await outsideOurUnit('Nice=10', 'IOSchedulingClass=idle');
  if (outside === undefined) return startGroup([...gently, ...argv], onLine);
  const [systemdRun, ...rest] = outside;
  return leaderInside((hear) => startGroup([systemdRun, '--pipe', ...rest, ...argv], hear), onLine);
}

/** What we started only waits: the group is that of the program inside, which says its number first. */
export async function leaderInside(
  start: (onLine: (line: string) => void) => Promise<ProcessGroup>,
  onLine: (line: string) => void,
): Promise<ProcessGroup> {
  const heard = new EventEmitter<{ leader: [pid: number] }>();
  const told = once(heard, 'leader').then(([pid]) => pid as number);
  const waiting = await start((line) => {
    const said = parseBuildLine(line);
    if (said.kind === 'message' && 'leader' in said.message) heard.emit('leader', said.message.leader);
    onLine(line);
  });
  const pid = await Promise.race([told, waiting.ended.then(() => waiting.pid)]);
  return { pid, ended: waiting.ended };
}

/** The client of whoever asks waits half a minute. */
const planMs = 25_000;

/** @param argv of "pi-image build --plan" @throws RefusedError with the program's own words */
export async function readBuildPlan(order: BuildOrder, argv: Argv): Promise<string[]> {
  const lines: string[] = [];
  const group = await startGroup(argv, (line) => void lines.push(line));
  const leader = await leaderOf(group.pid);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (leader !== undefined) void endGroup(leader, 1000);
  }, planMs);
  const code = await group.ended.finally(() => clearTimeout(timer));
  const said = lines.map(parseBuildLine).filter((line) => line.kind === 'text');
  if (code === 0) return said.map(({ text }) => text);
  if (isLate) {
    const hint = `Look at it on the storage node: "pi-image build ${order.image} --plan".`;
    throw new HostError(`what a build of ${order.image} would do takes too long to find out`, { hint });
  }
  const heard = said.reduce((build, line) => hearBuild(build, line, 0), torso(order));
  const { reason = 'it cannot be built', hint } = endOf(heard, code);
  throw new RefusedError(reason, hint === undefined ? {} : { hint });
}

const torso = (order: BuildOrder): ImageBuild => {
  return { id: '', kind: 'image-build', by: '', ...order, startedAtMs: 0, state: 'running', steps: [], log: [] };
};
