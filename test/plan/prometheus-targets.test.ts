/** Nodes as Prometheus' HTTP service discovery reads them. */
import { expect, test } from 'vitest';

import { TargetGroup } from '../../src/api/schemas/monitoring.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { prometheusTargets } from '../../src/plan/prometheus-targets.ts';

const node = { name: 'node01', role: 'compute', board: 'pi5' as const, address: parseIpv4('10.42.0.11') };

test('a node is one target, with what it is as labels', () => {
  const vars = { rack: 'a', slot: 3 };
  const running = { generation: 'g', image: 'small@1', role: 'compute' };
  const labels = { rack: 'a1', 'example.com-tier': 'fast' };
  const [found] = prometheusTargets([{ ...node, vars, labels, status: { state: 'ready', running } }]);

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
  const [found] = prometheusTargets([{ ...node, vars: {}, status: { state: 'new', address: '192.168.1.7' } }]);

  expect(found).toMatchObject({ targets: ['192.168.1.7:9100'], labels: { __meta_pi_image_image: '' } });
});
