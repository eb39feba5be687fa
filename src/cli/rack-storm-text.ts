/** A storm for people: a line while it lasts, and its outcome as tables. */
import { unreachable } from '../model/errors.ts';
import type { StormEvent, StormResult } from '../rack/storm/inside.ts';
import { phases, type ReasonCount } from '../rack/storm/report.ts';
import type { StormSpec } from '../rack/storm/spec.ts';
import { renderTable } from './output.ts';

export function renderStormEvent(event: StormEvent, boards: number): string {
  switch (event.event) {
    case 'step':
      return `${event.what}\n`;
    case 'progress': {
      const { seconds, offers, complete, boots, restarts, bytes, rssBytes } = event;
      const parts = [
        `${seconds.toFixed(0).padStart(4)} s`,
        `${offers} of ${boards} have an address`,
        `${complete} complete${boots > complete ? ` (${boots} boots)` : ''}`,
        `${restarts} restarts`,
        megabytes(bytes),
        `service ${megabytes(rssBytes)}`,
      ];
      return `${parts.join('  ')}\n`;
    }
    case 'result':
      return '';
    default:
      return unreachable(event);
  }
}

export function renderStormResult(spec: StormSpec, result: StormResult): string {
  return [
    `${result.complete} of ${result.boards} boards complete${result.boots > result.complete ? `, ${result.boots} boots,` : ''} after ${result.seconds.toFixed(1)} s (${weather(spec)})\n`,
    renderPhases(result),
    renderTable(result.kinds, [
      { title: 'board', of: ({ kind }) => kind },
      { title: 'boards', of: ({ boards }) => boards },
      { title: 'complete', of: ({ complete }) => complete },
      { title: 'median', of: ({ p50Ms }) => p50Ms && inSeconds(p50Ms) },
    ]),
    renderReasons('waits', result.waits),
    renderReasons('restarts', result.restarts),
    renderReasons('errors', result.errors, endsOf(result)),
    renderLoad(result),
  ].join('\n');
}

function weather({ faults, diePercent, seed, isStrict, flood }: StormSpec): string {
  const parts = [
    faults.lossPercent > 0 && `loss ${faults.lossPercent} %`,
    faults.delayMs > 0 && `delay ${faults.delayMs} ms`,
    faults.duplicatePercent > 0 && `duplicates ${faults.duplicatePercent} %`,
    faults.reorderPercent > 0 && `reordered ${faults.reorderPercent} %`,
    diePercent > 0 && `power fails for ${diePercent} %`,
    isStrict && 'strict',
    ...Object.entries(flood).map(([kind, rate]) => rate > 0 && `${kind} ${rate}/s`),
    `seed ${seed}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function renderPhases(result: StormResult): string {
  const rows = phases.map((phase) => ({ phase, times: result.phases[phase] }));
  return renderTable(rows, [
    { title: 'phase', of: ({ phase }) => phase },
    { title: 'boards', of: ({ times }) => times?.boards ?? 0 },
    { title: 'p50', of: ({ times }) => times && inSeconds(times.p50Ms) },
    { title: 'p90', of: ({ times }) => times && inSeconds(times.p90Ms) },
    { title: 'p99', of: ({ times }) => times && inSeconds(times.p99Ms) },
    { title: 'max', of: ({ times }) => times && inSeconds(times.maxMs) },
  ]);
}

function renderReasons(title: string, reasons: readonly ReasonCount[], others: readonly string[] = []): string {
  const lines = reasons.flatMap(({ reason, boards, times, why }) => {
    const often = times === boards ? `${boards}` : `${times} at ${boards}`;
    const line = `${often} ${boards === 1 ? 'board' : 'boards'}: ${reason}`;
    return why === undefined ? [line] : [line, `  ${why}`];
  });
  const all = [...lines, ...others].map((line) => `  ${line}\n`);
  return `${title}:${all.length === 0 ? ' none' : ''}\n${all.join('')}`;
}

function endsOf({ server: { ends } }: StormResult): string[] {
  return ends === 0 ? [] : [`the service ended and was started again ${ends} ${ends === 1 ? 'time' : 'times'}`];
}

function renderLoad({ bytes, blocks, seconds, server, generatorCpuSeconds, floodFrames }: StormResult): string {
  const gigabytes = bytes / 1e9;
  const lines = [
    `loaded: ${megabytes(bytes)} in ${blocks} blocks, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    `service: ${server.cpuSeconds.toFixed(1)} s of processor time (${(server.cpuSeconds / gigabytes).toFixed(1)} s per GB), ` +
      `at most ${megabytes(server.peakRssBytes)} of memory`,
    `boards: ${generatorCpuSeconds.toFixed(1)} s of processor time, ${((generatorCpuSeconds * 1e6) / blocks).toFixed(1)} us per block`,
    ...(floodFrames > 0 ? [`flood: ${floodFrames} frames`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
