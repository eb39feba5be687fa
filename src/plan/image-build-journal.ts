/** The journal of a build: what its program says, and how it ends. */
import { BuildMessage, type ImageBuild, type ImageBuildStep } from '../model/image-build.ts';
import type { State } from '../model/state.ts';

type Builds = Pick<State, 'imageBuilds'>;

/** undefined: none goes on. */
export function openBuild({ imageBuilds }: Builds): ImageBuild | undefined {
  return Object.values(imageBuilds).find(({ endedAtMs }) => endedAtMs === undefined);
}

/** Newest first. */
export function listBuilds({ imageBuilds }: Builds): ImageBuild[] {
  return Object.values(imageBuilds).toSorted((a, b) => Number(b.id) - Number(a.id));
}

/** So many are kept to look back at. */
const keptBuilds = 20;
const keptLines = 40;
const longestLine = 1000;

export function forgetBuilds(builds: State['imageBuilds']): State['imageBuilds'] {
  const newest = listBuilds({ imageBuilds: builds }).slice(0, keptBuilds);
  return Object.fromEntries(newest.map((build) => [build.id, build]));
}

export function withBuild<T extends Builds>(state: T, build: ImageBuild): T {
  return { ...state, imageBuilds: { ...state.imageBuilds, [build.id]: build } };
}

export type SaidLine =
  { readonly kind: 'message'; readonly message: BuildMessage } | { readonly kind: 'text'; readonly text: string };

/** What does not fit is what a person would read. */
export function parseBuildLine(line: string): SaidLine {
  const text = line.slice(0, longestLine);
  if (!line.startsWith('{')) return { kind: 'text', text };
  try {
    return { kind: 'message', message: BuildMessage.parse(JSON.parse(line)) };
  } catch {
    return { kind: 'text', text };
  }
}

/** The same object when there is nothing to write down. */
export function hearBuild(build: ImageBuild, said: SaidLine, nowMs: number): ImageBuild {
  if (said.kind === 'text') return withLine(build, said.text);
  const { message } = said;
  if ('step' in message) {
    const step: ImageBuildStep = { ...message.step, startedAtMs: nowMs };
    return { ...build, steps: [...endLast(build.steps, nowMs), step] };
  }
  if ('note' in message) return withLine(build, message.note);
  return 'detail' in message ? withDetail(build, message.detail) : build;
}

function withLine(build: ImageBuild, line: string): ImageBuild {
  return line.trim() === '' ? build : { ...build, log: [...build.log, line].slice(-keptLines) };
}

function withDetail(build: ImageBuild, detail: string): ImageBuild {
  const last = build.steps.at(-1);
  return last === undefined ? build : { ...build, steps: [...build.steps.slice(0, -1), { ...last, detail }] };
}

function endLast(steps: readonly ImageBuildStep[], nowMs: number): ImageBuildStep[] {
  return steps.map((step) => (step.endedAtMs === undefined ? { ...step, endedAtMs: nowMs } : step));
}

interface BuildEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
}

export function endBuild(build: ImageBuild, { state, reason, hint }: BuildEnd, nowMs: number): ImageBuild {
  const { leader: _gone, ...rest } = build;
  const told = { ...(reason !== undefined && { reason }), ...(hint !== undefined && { hint }) };
  return { ...rest, ...told, state, steps: endLast(build.steps, nowMs), endedAtMs: nowMs };
}

/** Its program has ended. @param code null: it was killed */
export function endOf(build: ImageBuild, code: number | null): BuildEnd {
  // One that had come to its end before it was stopped has published what it made.
  if (code === 0) return { state: 'done', reason: build.log.at(-1) };
  if (build.state === 'stopping') return { state: 'cancelled' };
  const at = build.log.findLastIndex((line) => line.startsWith(said));
  const [reason, ...after] = at === -1 ? [] : build.log.slice(at);
  const hint = after.find((line) => line.startsWith(hinted))?.slice(hinted.length);
  if (reason !== undefined) return { state: 'failed', reason: reason.slice(said.length), hint };
  return { state: 'failed', reason: code === null ? 'its program was killed' : `its program ended with ${code}` };
}

/** As the command line says why it failed. */
const said = 'pi-image: ';
const hinted = '  hint: ';

/** A build may be what ends the service: by all of the memory, for example. */
const mostInterruptions = 3;

/** The service that had begun it is gone, and its programs with it: the next one begins it again, with the layers that were finished. */
export function interruptBuild(build: ImageBuild, nowMs: number): ImageBuild {
  if (build.state === 'stopping') return endBuild(build, { state: 'cancelled' }, nowMs);
  const interruptions = (build.interruptions ?? 0) + 1;
  if (interruptions === mostInterruptions) return endBuild({ ...build, interruptions }, tooOften, nowMs);
  const { leader: _gone, begunAtMs: _begun, ...rest } = build;
  const line = 'interrupted: the service ended; the next one begins it again';
  return withLine({ ...rest, interruptions, steps: endLast(build.steps, nowMs) }, line);
}

const tooOften: BuildEnd = {
  state: 'failed',
  reason: `interrupted: the service ended ${mostInterruptions} times while it went on`,
  hint: 'Look why, with "journalctl -u pi-image"; then build it again: layers that were finished are kept, and no version was left half-made.',
};
