/** Nodes as Prometheus' HTTP service discovery reads them. */
import { expect, test } from 'vitest';

import { TargetGroup } from '../../src/api/schemas/monitoring.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { prometheusTargets } from '../../src/plan/prometheus-targets.ts';
import { sampleManifest } from '../support/sample-view.ts';

const node = { name: 'node01', role: 'compute', board: 'pi5' as const, address: parseIpv4('10.42.0.11') };

test('a node is one target, with what it is as labels', () => {
  const vars = { rack: 'a', slot: 3 };
  const running = { generation: 'g', image: 'small@1', role: 'compute' };
  const labels = { rack: 'a1', 'example.com-tier': 'fast' };
  const [found] = prometheusTargets([{ ...node, vars, labels, status: { state: 'ready', running } }], new Map());

  expect(found).toEqual({
    targets: ['10.42.0.11:9100'],
    labels: {
      instance: 'node01',
      node: 'node01',
      role: 'compute',
      board: 'pi5',
      __meta_pi_image_state: 'ready',
      __meta_pi_image_image: 'small@1',
      __meta_pi_image_label_rack: 'a1',
      __meta_pi_image_label_example_com_tier: 'fast',
      __meta_pi_image_var_rack: 'a',
      __meta_pi_image_var_slot: '3',
    },
  });
  expect(TargetGroup.safeParse(found).success).toBe(true);
});

test('it is looked for where it was seen last', () => {
  const [found] = prometheusTargets(
    [{ ...node, vars: {}, status: { state: 'new', address: '192.168.1.7' } }],
    new Map(),
  );

  expect(found).toMatchObject({ targets: ['192.168.1.7:9100'], labels: { __meta_pi_image_image: '' } });
});

const versionWith = (version: string, ...names: readonly string[]) =>
  sampleManifest({ version, packages: names.map((name) => ({ name, version: '1', architecture: 'arm64' })) });

const images = new Map([
  [
    'debian-lite',
    [versionWith('3', 'systemd'), versionWith('2', 'systemd', 'prometheus-node-exporter'), versionWith('1')],
  ],
]);

const runs = (image: string) => ({ running: { generation: 'g', image, role: 'compute' } });
const boots = (image: string) => ({ desired: { generation: 'g', image } });

test.each([
  ['runs an image that has it', { ...runs('debian-lite@2'), ...boots('debian-lite@3') }, 1],
  ['runs one that has not', { ...runs('debian-lite@3'), ...boots('debian-lite@2') }, 0],
  ['would boot one that has it', boots('debian-lite@2'), 1],
  ['would boot one that has not', boots('debian-lite@3'), 0],
  ['runs one whose packages nobody knows', runs('debian-lite@1'), 1],
  ['runs one that is gone', runs('debian-lite@0'), 1],
  ['boots nothing', {}, 1],
])('a node that %s', (_name, status, count) => {
  expect(prometheusTargets([{ ...node, vars: {}, status: { state: 'ready', ...status } }], images)).toHaveLength(count);
});
