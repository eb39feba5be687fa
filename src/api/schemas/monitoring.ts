/** What Prometheus is answered. */
import { z } from 'zod';

export const TargetGroup = z.strictObject({
  targets: z.array(z.string()),
  /** Those that begin with `__meta_` are there to choose by, and are not kept. */
  labels: z.record(z.string(), z.string()),
});
export type TargetGroup = Readonly<z.output<typeof TargetGroup>>;

export const targetExample = {
  targets: ['10.42.0.11:9100'],
  labels: {
    instance: 'node01',
    node: 'node01',
    role: 'compute',
    board: 'pi5',
    __meta_pi_image_state: 'ready',
    __meta_pi_image_image: 'debian-lite@20261121.1',
  },
};

export const metricsExample =
  '# HELP pi_image_nodes Nodes by role and state.\n# TYPE pi_image_nodes gauge\npi_image_nodes{role="compute",state="ready"} 36\n';
