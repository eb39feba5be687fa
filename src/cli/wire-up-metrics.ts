/** What monitoring asks, answered from the running service. */
import type { ApiActions, NodeAnswer } from '../api/actions.ts';
import { readDiskSpace } from '../host/machine-state.ts';
import type { NodeSpec } from '../model/node.ts';
import { metricsMediaType, renderMetrics } from '../plan/metrics-text.ts';
import { prometheusTargets } from '../plan/prometheus-targets.ts';
import { serviceMetrics, type ProcessFacts, type StoreSpace } from '../serve/metrics.ts';
import type { Service } from './wire-up.ts';

export interface MetricsDeps {
  readonly sources: Service;
  readonly answers: (nodes: readonly NodeSpec[]) => readonly NodeAnswer[];
  readonly version: string;
  readonly stateDir: string;
}

export function metricsActions(deps: MetricsDeps): Pick<ApiActions, 'metrics' | 'targets'> {
  const { sources, answers, version } = deps;
  const { site, state, health, counts } = sources;
  return {
    metrics: async () => {
      const { nodes, images } = site.view();
      const families = serviceMetrics({
        version,
        parts: health.parts(),
        nodes: answers(nodes),
        unknownBoards: state.current().unknownBoards.length,
        images: [...images.values()].flat(),
        boots: counts.boots,
        plane: counts.plane(),
        http: counts.http,
        webhooks: counts.webhooks,
        stores: await readStores(deps),
        process: processFacts(),
      });
      return { text: renderMetrics(families), mediaType: metricsMediaType };
    },
    targets: () => {
      const { nodes, images } = site.view();
      return prometheusTargets(answers(nodes), images);
    },
  };
}

async function readStores({ sources, stateDir }: MetricsDeps): Promise<StoreSpace[]> {
  const folders = { state: stateDir, images: sources.imagesDir, persistent: sources.persistentDir };
  return Promise.all(
    Object.entries(folders).map(async ([store, folder]) => {
      const { sizeBytes, freeBytes: availableBytes } = await readDiskSpace(folder);
      return { store, sizeBytes, availableBytes };
    }),
  );
}

function processFacts(): ProcessFacts {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: rss,
    heapBytes: heapUsed,
    cpuSeconds: (user + system) / 1e6,
    startedAtSeconds: Math.round(performance.timeOrigin / 1000),
  };
}
