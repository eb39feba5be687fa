/** Waterfalls are looked at: golden files, and what must hold for every boot and every width. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { renderBoot } from '../../src/cli/boot-report.ts';
import { loadedOf, renderWaterfall } from '../../src/cli/waterfall.ts';
import { barsOf, endOf } from '../../src/plan/boot-bars.ts';
import { bootPhases } from '../../src/model/boot-phase.ts';
import { t0, timeline, timelines } from '../support/sample-timelines.ts';

const nowMs = t0 + 20_000;

describe('looks as before', () => {
  test.each(Object.entries(timelines))('%s', async (name, boot) => {
    const report = { boot, title: 'node01', nowMs };
    const widths = [120, 80, 50].map((columns) => renderBoot(report, { columns, isUtf8: true }));
    const ascii = renderBoot(report, { columns: 80, isUtf8: false });

    await expect([...widths, ascii].join('\n')).toMatchFileSnapshot(`../golden/waterfall/${name}.txt`);
  });
});

test('bytes and files stand beside loading, what the node said beside the rest', () => {
  const notes = barsOf(timelines.ready, nowMs, loadedOf).map(({ phase, note }) => `${phase} ${note}`);

  expect(notes.slice(1, 4)).toEqual(['loading 31 MB in 9 files', 'kernel 6.12.48', 'network eth0 10.42.0.11']);
});

test('a scale that begins earlier moves all to the right', () => {
  const bars = barsOf(timelines.ready, nowMs, loadedOf);
  const lines = renderWaterfall(bars, { fromMs: t0 - 33_300, toMs: t0 + 33_300 }, { columns: 50, isUtf8: false });

  expect(lines.split('\n')[0]).toMatch(/^offered +33\.3 s +0\.4 s {11,12}#$/);
});

const anyBoot = fc
  .record({
    phases: fc.subarray([...bootPhases]),
    gaps: fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 10, maxLength: 10 }),
    detail: fc.string(),
    bytes: fc.nat(),
    isClosed: fc.boolean(),
  })
  .map(({ phases, gaps, detail, bytes, isClosed }) => {
    let seconds = 0;
    const steps = phases.map((phase, index) => [(seconds += (gaps[index] ?? 0) / 1000), phase, detail] as const);
    const closed = isClosed ? { closed: { atMs: t0 + 1000 * seconds, reason: 'failed' as const } } : {};
    return timeline(steps, { bytes, ...closed });
  });

test('no line is wider than the terminal, steers it, or leaves ASCII where that is all it has', () => {
  const canvas = fc.record({ columns: fc.integer({ min: 40, max: 300 }), isUtf8: fc.boolean() });
  fc.assert(
    fc.property(anyBoot, canvas, (boot, { columns, isUtf8 }) => {
      const scale = { fromMs: boot.startedAtMs, toMs: endOf(boot, nowMs) };
      const lines = renderWaterfall(barsOf(boot, nowMs, loadedOf), scale, { columns, isUtf8 }).split('\n');
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(columns);
        // oxlint-disable-next-line no-control-regex -- they are what is looked for
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        if (!isUtf8) expect(line).toMatch(/^[ -~]*$/);
      }
    }),
  );
});

test('bars lie inside the boot, in order, and no two share time', () => {
  fc.assert(
    fc.property(anyBoot, (boot) => {
      let lastMs = boot.startedAtMs;
      for (const { fromMs, toMs } of barsOf(boot, nowMs, loadedOf)) {
        expect(fromMs).toBeGreaterThanOrEqual(lastMs);
        expect(toMs).toBeGreaterThanOrEqual(fromMs);
        lastMs = toMs;
      }
      expect(lastMs).toBeLessThanOrEqual(endOf(boot, nowMs));
    }),
  );
});
