/** Everything the fuzzer ever kept, and the vectors it begins with: no decoder breaks a promise on them again. */
import { describe, expect, test } from 'vitest';

import { runMeasured } from './check.ts';
import { readCorpus } from './corpus.ts';
import { covered } from './covered.ts';
import { targets } from './targets.ts';

test('every decoder has its files named, and every name a decoder', () => {
  expect(targets.map(({ name }) => name)).toEqual(Object.keys(covered));
});

describe.each(targets.map((target) => [target.name, target] as const))('%s', (name, target) => {
  test('keeps its promises on every vector', () => {
    const seeds = target.seeds();

    expect(seeds.length).toBeGreaterThan(0);
    for (const bytes of seeds) expect(() => runMeasured(target, bytes)).not.toThrow();
  });

  test('keeps its promises on what was found by chance', () => {
    const inputs = readCorpus(name);

    expect(inputs.length).toBeGreaterThan(0);
    for (const { bytes } of inputs) expect(() => runMeasured(target, bytes)).not.toThrow();
  });
});
