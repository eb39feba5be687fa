/** All metrics that there are, each with at least one sample. */
import type { Boot } from '../../src/model/boot.ts';
import { newDhcpCounters } from '../../src/serve/dhcp-counters.ts';
import { serviceMetrics, type MetricFacts } from '../../src/serve/metrics.ts';
import { createCounts } from '../../src/serve/service-counts.ts';
import { newTftpCounters } from '../../src/serve/tftp-counters.ts';
import { sampleView } from './sample-view.ts';

const heartbeat = {
  boot: 'b1',
  atMs: 0,
  phase: 'ready' as const,
  uptimeSeconds: 60,
  load: 0.1,
  temperatureCelsius: 51.5,
  throttled: 0x50001,
  generation: 'g1',
};

export function sampleMetricFacts(): MetricFacts {
  const view = sampleView();
  const { nodes, images } = view;
  const [first] = nodes;
  if (first === undefined) throw new Error('the sample has no node');
  const boot = {
    id: 'b1',
    node: first.name,
    startedAtMs: 0,
    phases: [
      { phase: 'offered', atMs: 0 },
      { phase: 'ready', atMs: 31_000 },
    ],
  } as unknown as Boot;
  const counts = createCounts({
    boots: { all: () => [boot] },
    site: { view: () => view },
    events: { subscribe: () => undefined },
  });
  counts.boots.hear({ id: 1, atMs: 0, kind: 'boot.ready', node: first.name, fields: { boot: 'b1' } });
  counts.http.boot.responses.set(200, 3);
  const running = { generation: 'g1', image: 'debian-lite@20261121.1', role: first.role };
  return {
    version: '0.1.0',
    parts: [
      { name: 'dhcp', problems: [], sinceMs: 0 },
      { name: 'nfs', problems: ['it is not installed'], sinceMs: 0 },
    ],
    nodes: nodes.map((node, index) =>
      Object.assign({}, node, {
        status: index === 0 ? { state: 'ready' as const, running, heartbeat } : { state: 'new' as const },
      }),
    ),
    unknownBoards: 2,
    images: [...images.values()].flat(),
    boots: counts.boots,
    plane: {
      dhcp: {
        ...newDhcpCounters(),
        received: { request: 1, discover: 2 },
        sent: { offer: 2 },
        unanswered: { full: 1 },
      },
      tftp: { ...newTftpCounters(), complete: 7 },
    },
    http: counts.http,
    webhooks: counts.webhooks,
    stores: [{ store: 'images', sizeBytes: 1000, availableBytes: 250 }],
    process: { residentBytes: 1, heapBytes: 2, cpuSeconds: 3, startedAtSeconds: 4 },
  };
}

export const sampleMetrics = () => serviceMetrics(sampleMetricFacts());
