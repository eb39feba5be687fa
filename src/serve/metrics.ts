/** All metrics of the service, from what is known at the moment. Names are a promise: dashboards and alerts are made of them. */
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import { NodeStatus } from '../model/node-status.ts';
import { throttlingNow, throttlingReasons, throttlingSinceBoot } from '../plan/throttling.ts';
import type { MetricFamily, Sample } from '../plan/metrics-text.ts';
import type { BootCounts } from './boot-counts.ts';
import type { Health } from './health.ts';
import { counter, gauge, networkFamilies, type NetworkFacts } from './metrics-network.ts';

type MeasuredNode = Pick<NodeSpec, 'name' | 'role'> & {
  readonly status: Pick<NodeStatus, 'state' | 'running' | 'heartbeat'>;
};

export interface MetricFacts extends NetworkFacts {
  readonly version: string;
  readonly parts: ReturnType<Health['parts']>;
  readonly nodes: readonly MeasuredNode[];
  readonly unknownBoards: number;
  readonly images: readonly Pick<ImageManifest, 'name' | 'version' | 'rootBytes'>[];
  readonly boots: Pick<BootCounts, 'begun' | 'ended' | 'phases' | 'ready'>;
  readonly stores: readonly StoreSpace[];
  readonly process: ProcessFacts;
}

export interface StoreSpace {
  readonly store: string;
  readonly sizeBytes: number;
  readonly availableBytes: number;
}

export interface ProcessFacts {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly cpuSeconds: number;
  readonly startedAtSeconds: number;
}

export function serviceMetrics(facts: MetricFacts): MetricFamily[] {
  return [
    ...serviceFamilies(facts),
    ...nodeFamilies(facts),
    ...bootFamilies(facts),
    ...networkFamilies(facts),
    ...storeFamilies(facts),
    ...processFamilies(facts.process),
  ];
}

function serviceFamilies({ version, parts, unknownBoards }: MetricFacts): MetricFamily[] {
  const up = parts.map(({ name, problems }) => ({ labels: { part: name }, value: problems.length === 0 ? 1 : 0 }));
  return [
    gauge('pi_image_build_info', 'The version of pi-image that runs; always 1.', [{ labels: { version }, value: 1 }]),
    gauge('pi_image_part_up', 'Whether a part of the service does its work.', up),
    gauge('pi_image_unknown_boards', 'Boards that asked for an address and are no nodes.', [{ value: unknownBoards }]),
  ];
}

const states = NodeStatus.shape.state.options;

function nodeFamilies({ nodes }: MetricFacts): MetricFamily[] {
  const roles = [...new Set(nodes.map(({ role }) => role))].toSorted();
  // Also those of which there is none: a series that comes and goes can not be counted on.
  const none = roles.flatMap((role) => states.map((state) => ({ role, state })));
  const running = nodes.flatMap(({ role, status }) =>
    status.running === undefined ? [] : [{ role, ...splitId(status.running.image) }],
  );
  return [
    gauge(
      'pi_image_nodes',
      'Nodes by role and state.',
      tally(
        nodes.map(({ role, status }) => ({ role, state: status.state })),
        none,
      ),
    ),
    gauge('pi_image_nodes_running', 'Nodes by the image version that they run.', tally(running)),
    gauge('pi_image_node_up', 'Whether a node is ready; or up, where its role says no more.', nodes.map(nodeUp)),
    gauge('pi_image_node_temperature_celsius', 'Temperature that a node told last.', nodes.flatMap(temperature)),
    gauge(
      'pi_image_node_throttled',
      'Whether this holds a board back now.',
      nodes.flatMap((node) => throttling(node, throttlingNow)),
    ),
    gauge(
      'pi_image_node_throttled_since_boot',
      'Whether this has held a board back since it was switched on.',
      nodes.flatMap((node) => throttling(node, throttlingSinceBoot)),
    ),
  ];
}

function nodeUp({ name: node, role, status: { state } }: MeasuredNode): Sample {
  return { labels: { node, role }, value: state === 'ready' || state === 'up' ? 1 : 0 };
}

function temperature({ name: node, role, status }: MeasuredNode): Sample[] {
  const value = status.heartbeat?.temperatureCelsius;
  return value === undefined ? [] : [{ labels: { node, role }, value }];
}

function throttling({ name: node, role, status }: MeasuredNode, read: (bits: number) => string[]): Sample[] {
  const bits = status.heartbeat?.throttled;
  if (bits === undefined) return [];
  const found = read(bits);
  return throttlingReasons.map((reason) => ({ labels: { node, role, reason }, value: found.includes(reason) ? 1 : 0 }));
}

function splitId(id: string): { readonly image: string; readonly version: string } {
  const [image = id, version = ''] = id.split('@');
  return { image, version };
}

/** How often each combination of labels occurs. */
function tally(all: readonly Record<string, string>[], none: readonly Record<string, string>[] = []): Sample[] {
  const counts = new Map<string, { readonly labels: Record<string, string>; value: number }>();
  for (const labels of none) counts.set(JSON.stringify(labels), { labels, value: 0 });
  for (const labels of all) {
    const key = JSON.stringify(labels);
    const known = counts.get(key) ?? { labels, value: 0 };
    known.value += 1;
    counts.set(key, known);
  }
  return [...counts.values()];
}

function bootFamilies({ boots }: MetricFacts): MetricFamily[] {
  return [
    counter('pi_image_boots_begun_total', 'Boots that began.', boots.begun()),
    counter(
      'pi_image_boots_ended_total',
      'Boots that ended, by how. One that was late and became ready after all counts as both.',
      boots.ended(),
    ),
    {
      kind: 'histogram',
      name: 'pi_image_boot_phase_seconds',
      help: 'How long each phase of a boot lasted until the next one began.',
      samples: boots.phases(),
    },
    {
      kind: 'histogram',
      name: 'pi_image_boot_ready_seconds',
      help: 'From the first packet of a board until its node was ready.',
      samples: boots.ready(),
    },
  ];
}

function storeFamilies({ images, stores }: MetricFacts): MetricFamily[] {
  const roots = images.map(({ name: image, version, rootBytes }) => ({ labels: { image, version }, value: rootBytes }));
  const space = (what: 'sizeBytes' | 'availableBytes') =>
    stores.map((each) => ({ labels: { store: each.store }, value: each[what] }));
  return [
    gauge('pi_image_image_root_bytes', 'Size of the root of a published image version.', roots),
    gauge('pi_image_store_size_bytes', 'Size of the file system that holds a store.', space('sizeBytes')),
    gauge(
      'pi_image_store_available_bytes',
      'What is free on the file system that holds a store.',
      space('availableBytes'),
    ),
  ];
}

/** Under the names that every Prometheus client gives them. */
function processFamilies({ residentBytes, heapBytes, cpuSeconds, startedAtSeconds }: ProcessFacts): MetricFamily[] {
  return [
    gauge('process_resident_memory_bytes', 'Resident memory of the service.', [{ value: residentBytes }]),
    gauge('nodejs_heap_size_used_bytes', "JavaScript heap in use, without the boot plane's thread.", [
      { value: heapBytes },
    ]),
    counter('process_cpu_seconds_total', 'CPU time of the service, in user and system mode.', [{ value: cpuSeconds }]),
    gauge('process_start_time_seconds', 'When the service started, since the epoch.', [{ value: startedAtSeconds }]),
  ];
}
