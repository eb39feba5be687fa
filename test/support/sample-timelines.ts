/** Boots as the API tells them: one of each way to end. */
import type { PublicBoot } from '../../src/model/node-status.ts';

/** 2026-11-21 08:15:00 UTC. */
export const t0 = 1_795_248_900_000;

type Steps = readonly (readonly [seconds: number, phase: PublicBoot['phases'][number]['phase'], detail?: string])[];

export function timeline(steps: Steps, more: Partial<PublicBoot> = {}): PublicBoot {
  return {
    id: 'node01-20261121T081500-3f9a',
    node: 'node01',
    mac: '2c:cf:67:01:02:03',
    address: '10.42.0.11',
    generation: '4f0c1d6f7f0e'.padEnd(64, '0'),
    startedAtMs: t0,
    tokenExpiresAtMs: t0 + 600_000,
    lastSeenMs: t0 + 1000 * (steps.at(-1)?.[0] ?? 0),
    files: 9,
    bytes: 31_400_000,
    phases: steps.map(([seconds, phase, detail]) => ({ phase, atMs: t0 + 1000 * seconds, detail })),
    ...more,
  };
}

const closed = (seconds: number, reason: NonNullable<PublicBoot['closed']>['reason'], why = {}) => ({
  closed: { atMs: t0 + 1000 * seconds, reason, ...why },
});

const toRoot: Steps = [
  [0, 'offered'],
  [0.4, 'loading'],
  [12.7, 'kernel', '6.12.48'],
  [15.8, 'network', 'eth0 10.42.0.11'],
  [16.3, 'root', '10.42.0.1:/images/debian-lite/20261121.1/root'],
];
const toSystem: Steps = [...toRoot, [17.1, 'overlay'], [24.5, 'userspace']];

export const timelines = {
  ready: timeline([...toSystem, [33.3, 'ready']], closed(33.3, 'ready')),
  waited: timeline([...toSystem, [31, 'waiting', 'slurm controller'], [74.2, 'ready']], closed(74.2, 'ready')),
  'under-way': timeline(toRoot),
  'loads-nothing': timeline([[0, 'offered']], {
    files: 0,
    bytes: 0,
    ...closed(90, 'failed', {
      cause: 'stuck after offered for 90s: it got an address and asked for no file',
      hint: 'Check the firewall for UDP port 69.',
    }),
  }),
  'fails-itself': timeline(
    [...toSystem, [40, 'failed', 'slurmd.service: error: cannot find\u001B[31m cgroup']],
    closed(40, 'failed', {
      cause: 'slurmd.service: error: cannot find\u001B[31m cgroup',
      hint: 'Run "systemctl --failed" and "journalctl -b" on node01.',
    }),
  ),
  'late-overlay': timeline(
    toRoot,
    closed(276.3, 'failed', {
      cause: 'stuck after root for 260s: HTTP is not served: port 80 is taken',
      hint: 'See what "pi-image status" says of that part.',
    }),
  ),
  'without-agent': timeline([...toRoot, [17.1, 'overlay']], closed(17.1, 'handed-over')),
} satisfies Record<string, PublicBoot>;
