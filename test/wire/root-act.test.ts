/** What the helper takes from its socket: acts of a closed list, with names that lead nowhere. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WireError } from '../../src/model/errors.ts';
import type { RootAct } from '../../src/model/root-act.ts';
import { decodeRootAct, decodeRootAnswer, encodeRootAct, encodeRootAnswer } from '../../src/wire/root-act.ts';

const of = { name: 'debian-lite', version: '20261121.1' };
const client = '10.42.0.11';

const acts: readonly unknown[] = [
  { act: 'choose-nfs', choice: 'auto' },
  { act: 'nfs-status', server: 'kernel' },
  { act: 'export', server: 'ganesha', exports: [] },
  {
    act: 'export',
    server: 'ganesha',
    exports: [
      { id: 1, tree: { kind: 'image', ...of }, clients: [client] },
      { id: 2, tree: { kind: 'squash', ...of }, clients: [client] },
      { id: 3, tree: { kind: 'persistent', node: 'node01', ...of }, clients: [client] },
      { id: 4, tree: { kind: 'share', share: 'home' }, clients: [client, '10.42.0.12'] },
    ],
  },
  { act: 'keep-share', share: 'home' },
  { act: 'make-squash', ...of },
  { act: 'make-tree', node: 'node01', ...of },
  { act: 'remove-tree', node: 'node01', ...of },
  { act: 'sweep-roots' },
  { act: 'drop-patterns' },
  { act: 'sweep-store' },
  { act: 'build', image: 'small', packages: 'update', squash: true, isPlan: false },
];

test.each(acts.map((act) => [JSON.stringify(act), act] as const))('%s is an act', (line, act) => {
  expect(decodeRootAct(line)).toEqual(act);
  expect(decodeRootAct(encodeRootAct(act as RootAct))).toEqual(act);
});

const ways = [
  '..',
  '.',
  '',
  '/',
  '/etc',
  '../etc',
  'a/b',
  'a/../../etc',
  '.images',
  'a\0b',
  'a\nb',
  'a b',
  '-rf',
  '$(id)',
  'Ä',
  'constructor',
  '__proto__',
  'a'.repeat(200),
] as const;

describe.each(ways)('the name %j', (way) => {
  const withName: readonly unknown[] = [
    { act: 'keep-share', share: way },
    { act: 'make-squash', ...of, name: way },
    { act: 'make-tree', node: way, ...of },
    { act: 'remove-tree', node: way, ...of },
    { act: 'build', image: way, packages: 'kept', squash: false, isPlan: true },
    { act: 'remove-tree', node: 'node01', ...of, name: way },
    { act: 'export', server: 'ganesha', exports: [{ id: 1, tree: { kind: 'share', share: way }, clients: [client] }] },
    { act: way },
  ];

  test.each(withName.map((act) => [JSON.stringify(act).slice(0, 80), act] as const))('in %s is refused', (_, act) => {
    expect(() => decodeRootAct(JSON.stringify(act))).toThrow(WireError);
  });
});

test.each(['..', '.', '', '../x', 'a/b', '.tmp-1', '-x', 'a\0', '1\n2', '1'.repeat(200)])(
  'the version %j is refused',
  (version) => {
    expect(() => decodeRootAct(JSON.stringify({ act: 'make-squash', name: 'small', version }))).toThrow(WireError);
  },
);

const one = { id: 1, tree: { kind: 'image', ...of }, clients: [client] };

test.each<[string, unknown]>([
  ['a path', { ...one, path: '/etc' }],
  ['a path in the tree', { ...one, tree: { ...one.tree, path: '/etc' } }],
  ['more access', { ...one, access: 'read-write' }],
  ['everybody', { ...one, clients: ['*'] }],
  ['a network', { ...one, clients: ['0.0.0.0/0'] }],
  ['options in an address', { ...one, clients: ['10.42.0.11(rw,no_root_squash)'] }],
  ['nobody', { ...one, clients: [] }],
  ['no number', { ...one, id: '1' }],
  ['the number of the root', { ...one, id: 0 }],
  ['a tree of another kind', { ...one, tree: { kind: 'folder', path: '/etc' } }],
])('an export with %s is refused', (_, each) => {
  const act = { act: 'export', server: 'ganesha', exports: [each] };
  expect(() => decodeRootAct(JSON.stringify(act))).toThrow(WireError);
});

test.each(['', 'null', '[]', '"sweep-roots"', '{}', '{"act":"sweep-roots"', '{"act":"sweep-roots","also":1}', 'x'])(
  '%j is no act',
  (line) => {
    expect(() => decodeRootAct(line)).toThrow(WireError);
  },
);

/** All texts in a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

test('whatever is asked, what is understood leads out of no folder', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(...ways, 'small', '20261121.1', 'node01', 'make-tree', 'keep-share'),
  );
  const keys = fc.constantFrom('act', 'node', 'name', 'version', 'share');
  const shaped = fc.tuple(
    fc.constantFrom('keep-share', 'make-squash', 'make-tree', 'remove-tree', 'sweep-roots'),
    fc.dictionary(keys, word),
  );
  fc.assert(
    fc.property(shaped, ([act, rest]) => {
      let understood: RootAct;
      try {
        understood = decodeRootAct(JSON.stringify({ ...rest, act }));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        return;
      }
      for (const text of textsOf(understood)) expect(text).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    }),
    { numRuns: 2000 },
  );
});

test('answers are read as they were written, and nothing else is one', () => {
  const answers = [
    { kind: 'done' },
    { kind: 'chosen', server: 'ganesha' },
    { kind: 'running', server: 'kernel', detail: '8 threads' },
    { kind: 'stopped', reason: 'none runs' },
    { kind: 'failed', reason: 'no', hint: 'Try it.' },
    { kind: 'said', line: '{"leader":7}' },
    { kind: 'ended', code: null },
  ] as const;
  for (const answer of answers) expect(decodeRootAnswer(encodeRootAnswer(answer))).toEqual(answer);

  for (const line of ['{}', '{"kind":"chosen","server":"other"}', '']) {
    expect(() => decodeRootAnswer(line)).toThrow(WireError);
  }
});
