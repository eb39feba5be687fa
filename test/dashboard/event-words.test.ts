import { expect, test } from 'vitest';

import { showEvent } from '../../src/dashboard/event-words.ts';
import { sampleEvent } from '../support/sample-tiles.ts';

test.each([
  [sampleEvent(1, 'boot.ready', 'node01', { boot: 'b', seconds: 33.3 }), 'is ready after 33.3 s', 'good'],
  [sampleEvent(1, 'boot.failed', 'node01', { seconds: 9, cause: 'no root' }), 'failed after 9.0 s: no root', 'bad'],
  [sampleEvent(1, 'boot.phase', 'node01', { phase: 'kernel', detail: '6.12' }), 'reached kernel: 6.12', 'busy'],
  [
    sampleEvent(1, 'node.role-set', 'node01', { from: 'compute', to: 'login', by: 'ops' }),
    'gets the role login instead of compute by ops',
    'quiet',
  ],
  [
    sampleEvent(1, 'operation.ended', undefined, { operation: '4', state: 'failed', reason: 'too many' }),
    'Operation 4 ended: failed: too many',
    'bad',
  ],
  [
    sampleEvent(1, 'role.edited', undefined, { role: 'compute', root: 'shared -> ram', 'overlays.login': 'etc/motd' }),
    'Role compute was edited: root shared -> ram, overlays.login etc/motd',
    'quiet',
  ],
  [sampleEvent(1, 'role.added', undefined, { role: 'gpu' }), 'Role gpu was added to cluster.yaml', 'good'],
  [sampleEvent(1, 'operation.ended', undefined, { operation: '4', state: 'done' }), 'Operation 4 ended: done', 'good'],
  [sampleEvent(1, 'node.shutting-down', 'node01', { by: 'ops' }), 'shuts down', 'quiet'],
  // One that nobody has thought of here is told all the same.
  [sampleEvent(1, 'moon.full', undefined, { phase: 3 }), 'moon full (phase 3)', 'quiet'],
])('%o', (event, text, tone) => {
  expect(showEvent(event)).toMatchObject({ text, tone });
});
