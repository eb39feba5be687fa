import { describe, expect, test } from 'vitest';

import type { NodeTile } from '../../src/api/schemas/watch.ts';
import { progressAt, showTile, states, toneOf } from '../../src/dashboard/tile.ts';
import { bootPhases } from '../../src/model/boot-phase.ts';
import { NodeStatus } from '../../src/model/node-status.ts';
import { sampleTile } from '../support/sample-tiles.ts';

test('a ready board says what it is, and no progress', () => {
  const tile = sampleTile('node01', { temperatureCelsius: 48, power: { switch: 'sw1', port: 7 } });

  expect(showTile(tile)).toMatchObject({
    status: 'ready',
    tone: 'good',
    version: '20261121.1',
    temperature: '48 °C',
    heat: 'cool',
    port: 'sw1/7',
    progress: undefined,
    label: 'node01: ready, role compute, image debian-lite@20261121.1, 48 °C, port sw1/7',
  });
});

test('one that boots says its phase, and how far it is', () => {
  const boot = { id: 'b', startedAtMs: 0, phase: 'root' as const, isOpen: true };
  const shown = showTile(sampleTile('node01', { state: 'booting', boot }));

  expect(shown).toMatchObject({ status: 'root', tone: 'busy', progress: progressAt('root') });
  expect(shown.label).toContain('booting, root');
});

test('one whose next boot is another version says so', () => {
  const shown = showTile(sampleTile('node01', { next: 'debian-lite@20261122.1' }));

  expect(shown.isOutdated).toBe(true);
  expect(shown.label).toContain('next boot debian-lite@20261122.1');
});

describe('heat', () => {
  test.each<[Partial<NodeTile>, ReturnType<typeof showTile>['heat']]>([
    [{}, undefined],
    [{ temperatureCelsius: 64 }, 'cool'],
    [{ temperatureCelsius: 65 }, 'warm'],
    [{ temperatureCelsius: 78 }, 'hot'],
    // Under-voltage now.
    [{ temperatureCelsius: 40, throttled: 0x1 }, 'hot'],
    // Some time since it was switched on.
    [{ temperatureCelsius: 40, throttled: 0x1_00_00 }, 'cool'],
  ])('%o is %s', (more, heat) => {
    expect(showTile(sampleTile('node01', more)).heat).toBe(heat);
  });
});

test('every state that a node can have has a place and a tone', () => {
  const all = NodeStatus.shape.state.options;

  expect([...states].toSorted()).toEqual([...all].toSorted());
  expect(Object.keys(toneOf).toSorted()).toEqual([...all].toSorted());
});

test('progress only goes forward', () => {
  const way = bootPhases.filter((phase) => phase !== 'failed').map(progressAt);

  expect(way).toEqual(way.toSorted((a, b) => a - b));
  expect(way.at(-1)).toBe(1);
});
