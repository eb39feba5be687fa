/** What the service measures, family by family. */
import { describe, expect, test } from 'vitest';

import { renderMetrics } from '../../src/plan/metrics-text.ts';
import { serviceMetrics } from '../../src/serve/metrics.ts';
import { sampleMetricFacts, sampleMetrics } from '../support/sample-metrics.ts';

const lines = renderMetrics(sampleMetrics()).split('\n');

describe('a sample of', () => {
  test.each([
    ['the version', 'pi_image_build_info{version="0.1.0"} 1'],
    ['a part that works', 'pi_image_part_up{part="dhcp"} 1'],
    ['a part that does not', 'pi_image_part_up{part="nfs"} 0'],
    ['boards without a name', 'pi_image_unknown_boards 2'],
    ['nodes of a state', 'pi_image_nodes{role="compute",state="ready"} 1'],
    ['a state that no node is in', 'pi_image_nodes{role="compute",state="failed"} 0'],
    ['a version that runs', 'pi_image_nodes_running{role="compute",image="debian-lite",version="20261121.1"} 1'],
    ['a node that is ready', 'pi_image_node_up{node="node01",role="compute"} 1'],
    ['a temperature', 'pi_image_node_temperature_celsius{node="node01",role="compute"} 51.5'],
    ['a board that lacks voltage', 'pi_image_node_throttled{node="node01",role="compute",reason="under-voltage"} 1'],
    ['one that is not hot', 'pi_image_node_throttled{node="node01",role="compute",reason="throttled"} 0'],
    ['one that was', 'pi_image_node_throttled_since_boot{node="node01",role="compute",reason="throttled"} 1'],
    ['a boot', 'pi_image_boot_ready_seconds_bucket{board="pi5",le="45"} 1'],
    ['a phase', 'pi_image_boot_phase_seconds_sum{board="pi5",phase="offered"} 31'],
    ['how boots end', 'pi_image_boots_ended_total{board="pi5",result="failed"} 0'],
    ['DHCP messages', 'pi_image_dhcp_received_total{type="discover"} 2'],
    ['DHCP answers', 'pi_image_dhcp_sent_total{answer="offer"} 2'],
    ['TFTP transfers', 'pi_image_tftp_transfers_ended_total{outcome="complete"} 7'],
    ['HTTP', 'pi_image_http_responses_total{listener="boot",code="200"} 3'],
    ['a disk', 'pi_image_store_available_bytes{store="images"} 250'],
    ['the process', 'process_cpu_seconds_total 3'],
  ])('%s', (_what, line) => {
    expect(lines).toContain(line);
  });
});

test('every name is one of ours or one that all clients have, and none comes twice', () => {
  const names = sampleMetrics().map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^(?:pi_image|process|nodejs)_[a-z_]+$/.test(name))).toEqual([]);
  expect(sampleMetrics().filter(({ samples }) => samples.length === 0)).toEqual([]);
});

test('before the boot plane has told anything, its counters are left out', () => {
  const families = serviceMetrics({ ...sampleMetricFacts(), plane: undefined });

  expect(families.filter(({ name }) => /dhcp|tftp/.test(name))).toEqual([]);
  expect(families.length).toBeGreaterThan(15);
});
