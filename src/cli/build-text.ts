/** A build as an operation, as people read how it goes. */
import type { ListedBuild, ShownBuild } from '../api/schemas/image-build.ts';
import { renderAge } from '../model/duration.ts';
import { renderFacts, renderTable } from './output.ts';

export const describeBuild = ({ image, packages }: Pick<ListedBuild, 'image' | 'packages'>): string =>
  packages === 'kept' ? `build of ${image}` : `build of ${image}, packages: ${packages}`;

/** What stands where other operations have their nodes. */
export const renderBuildCounts = ({ done, running }: ListedBuild['counts']): string =>
  running === 0 ? `${done} steps` : `${done} steps, 1 running`;

export function renderBuild(build: ShownBuild, nowMs: number): string {
  const { id, by, state, reason, hint, steps, log, startedAtMs, endedAtMs } = build;
  const facts = renderFacts([
    ['operation', id],
    ['what', describeBuild(build)],
    ['state', state],
    [state === 'done' ? 'result' : 'why', reason],
    ['by', by],
    ['took', renderAge((endedAtMs ?? nowMs) - startedAtMs)],
  ]);
  const table = renderTable(steps, [
    { title: 'step', of: ({ index, total }) => `${index}/${total}` },
    { title: 'what', of: ({ title }) => title },
    { title: 'took', of: (step) => renderAge((step.endedAtMs ?? nowMs) - step.startedAtMs) },
    { title: 'told', of: ({ detail }) => detail },
  ]);
  const lines = log.slice(-shownLines).map((line) => `  ${line}\n`);
  const said = lines.length === 0 ? '' : `\nsaid:\n${lines.join('')}`;
  return `${facts}\n${table}${said}${hint === undefined ? '' : `hint: ${hint}\n`}`;
}

/** So that the steps stay on the screen. */
const shownLines = 10;

/** What is new since `before`. */
export function buildChanges(before: ShownBuild | undefined, now: ShownBuild): string[] {
  const known = new Set(before?.steps.map(({ index }) => index));
  const begun = now.steps.flatMap(({ index, total, title }) =>
    known.has(index) ? [] : [`[${index}/${total}] ${title}`],
  );
  const isOver = now.endedAtMs !== undefined && before?.endedAtMs === undefined;
  if (!isOver) return begun;
  return [...begun, `operation ${now.id}: ${now.reason === undefined ? now.state : `${now.state}: ${now.reason}`}`];
}
