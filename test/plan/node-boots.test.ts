import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { beginBoot } from '../../src/plan/boot-timeline.ts';
import { NodeBoots } from '../../src/plan/node-boots.ts';

const names = ['node01', 'node02', 'node03'] as const;

const bootOf = (node: string, id: string): Boot =>
  beginBoot({ id, node, mac: 'm', address: 'a', generation: 'g', token: 't', sign: 'discover', nowMs: 0 });

const grouped = (all: readonly Boot[]) => names.map((name) => all.filter(({ node }) => node === name));

/** What may become of the list in one step: a boot begins, changes, or is forgotten. */
const anyStep = fc.record({
  what: fc.constantFrom('begin', 'change', 'forget', 'forget-oldest', 'nothing'),
  node: fc.constantFrom(...names),
  place: fc.nat(20),
});
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

function after(all: readonly Boot[], { what, node, place }: Step, id: string) {
  const at = all.length === 0 ? 0 : place % all.length;
  switch (what) {
    case 'begin':
      return [...all, bootOf(node, id)];
    case 'change':
      return all.map((boot, index) => (index === at ? { ...boot, files: boot.files + 1 } : boot));
    case 'forget':
      return all.filter((_, index) => index !== at);
    case 'forget-oldest':
      return all.slice(1);
    case 'nothing':
      return [...all];
    default:
      return what satisfies never;
  }
}

test('whatever becomes of the list of all, those of each node are what a look through it finds', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 40 }),
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      (steps, looks) => {
        const kept = new NodeBoots();
        let all: readonly Boot[] = [];
        for (const [index, step] of steps.entries()) {
          all = after(all, step, `boot${index}`);
          // It may be asked after each change, or after several.
          if (looks[index] === true) expect(names.map((name) => kept.of(name, all))).toEqual(grouped(all));
        }
        expect(names.map((name) => kept.of(name, all))).toEqual(grouped(all));
      },
    ),
  );
});

describe('the list of a node', () => {
  const [one, other, third] = [bootOf('node01', 'a'), bootOf('node02', 'b'), bootOf('node01', 'c')] as const;

  test('stays the same object while only others change', () => {
    const kept = new NodeBoots();
    const before = kept.of('node01', [one, other, third]);

    expect(kept.of('node01', [one, { ...other, files: 1 }, third])).toBe(before);
    // The first is forgotten, and all behind it move.
    const moved = kept.of('node01', [other, one, third]);
    expect(moved).toEqual([one, third]);
    expect(kept.of('node01', [one, third])).toBe(moved);
  });

  test('is another one when a boot of it is', () => {
    const kept = new NodeBoots();
    const before = kept.of('node01', [one, other]);

    expect(kept.of('node01', [{ ...one, files: 1 }, other])).not.toBe(before);
  });

  test('is empty for a node that never booted, or whose boots are forgotten', () => {
    const kept = new NodeBoots();

    expect(kept.of('node03', [one])).toEqual([]);
    expect(kept.of('node01', [])).toEqual([]);
  });
});
