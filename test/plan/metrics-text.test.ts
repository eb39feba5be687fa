/** The text format: what a Prometheus reads back is what was measured. */
import { array, assert, double, property } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Histogram, renderMetrics } from '../../src/plan/metrics-text.ts';

test('a family is its help, its type and its samples; one without samples is left out', () => {
  const text = renderMetrics([
    {
      kind: 'gauge',
      name: 'pi_image_nodes',
      help: 'Nodes.',
      samples: [{ labels: { role: 'a', state: 'ready' }, value: 3 }],
    },
    { kind: 'counter', name: 'pi_image_none_total', help: 'None.', samples: [] },
    { kind: 'counter', name: 'pi_image_some_total', help: 'Some.', samples: [{ value: 0.5 }] },
  ]);

  expect(text).toBe(
    '# HELP pi_image_nodes Nodes.\n# TYPE pi_image_nodes gauge\npi_image_nodes{role="a",state="ready"} 3\n' +
      '# HELP pi_image_some_total Some.\n# TYPE pi_image_some_total counter\npi_image_some_total 0.5\n',
  );
});

test('what would end a label or a line is escaped', () => {
  const labels = { a: 'say "x"\n\\' };
  const text = renderMetrics([
    { kind: 'gauge', name: 'x', help: 'one\ntwo \\ "three"', samples: [{ labels, value: 1 }] },
  ]);

  expect(text).toBe(
    String.raw`# HELP x one\ntwo \\ "three"` + '\n# TYPE x gauge\n' + String.raw`x{a="say \"x\"\n\\"} 1` + '\n',
  );
});

describe('a histogram', () => {
  test('counts up to each bound, and all', () => {
    const histogram = new Histogram([1, 5]);
    for (const value of [0.5, 1, 3, 10]) histogram.observe(value);

    const samples = [{ labels: { board: 'pi4' }, histogram }];
    expect(
      renderMetrics([{ kind: 'histogram', name: 'boot_seconds', help: 'Boots.', samples }])
        .split('\n')
        .slice(2, -1),
    ).toEqual([
      'boot_seconds_bucket{board="pi4",le="1"} 2',
      'boot_seconds_bucket{board="pi4",le="5"} 3',
      'boot_seconds_bucket{board="pi4",le="+Inf"} 4',
      'boot_seconds_sum{board="pi4"} 14.5',
      'boot_seconds_count{board="pi4"} 4',
    ]);
  });

  test('never counts less up to a larger bound', () => {
    const bounds = [0.5, 1, 2, 5, 10];
    assert(
      property(array(double({ min: 0, max: 20, noNaN: true })), (values) => {
        const histogram = new Histogram(bounds);
        for (const value of values) histogram.observe(value);
        const { upTo, count } = histogram.read();
        expect(upTo).toEqual(bounds.map((bound) => values.filter((value) => value <= bound).length));
        expect(count).toBe(values.length);
      }),
    );
  });
});
