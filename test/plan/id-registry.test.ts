import { expect, test } from 'vitest';

import { emptyIdRegistry, IdRegistry } from '../../src/model/build-record.ts';
import {
  checkIds,
  chooseLayerKey,
  extendRegistry,
  joinRegistries,
  parseIds,
  renderSeeds,
} from '../../src/plan/id-registry.ts';

const passwd = 'root:x:0:0:root:/root:/bin/bash\nmunge:x:100:101::/nonexistent:/usr/sbin/nologin\n';
const group = 'root:x:0:\nmunge:x:101:\n';
const registry = extendRegistry(emptyIdRegistry, passwd, group);

test('the registry learns names, numbers and lines', () => {
  expect(IdRegistry.parse(registry)).toEqual({
    format: 1,
    users: { root: 0, munge: 100 },
    groups: { root: 0, munge: 101 },
    passwd: passwd.trim().split('\n'),
    group: group.trim().split('\n'),
  });
});

test('what was registered stays when a later image lacks it or says otherwise', () => {
  const later = extendRegistry(
    registry,
    'root:x:0:0::/root:/bin/sh\nmunge:x:7:7::/:/x\nslurm:x:64030:64030::/:/x\n',
    '',
  );
  expect(later.users).toEqual({ root: 0, munge: 100, slurm: 64_030 });
  expect(later.passwd.filter((line) => line.startsWith('munge:'))).toEqual([
    'munge:x:100:101::/nonexistent:/usr/sbin/nologin',
  ]);
});

test.each([
  ['the same numbers', passwd, undefined],
  ['a new user with a free number', `${passwd}slurm:x:64030:64030::/:/x\n`, undefined],
  ['fewer users', 'root:x:0:0::/root:/bin/bash\n', undefined],
  ['another number', passwd.replace(':100:', ':105:'), /user munge would change from 100 to 105/],
  [
    'a number that belongs to another',
    `root:x:0:0::/root:/bin/bash\nstatd:x:100:65534::/:/x\n`,
    /user statd would take 100, which belongs to munge/,
  ],
])('an image with %s', (_name, text, refusal) => {
  const check = () => checkIds('mine', registry, parseIds(text, group));
  if (refusal === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(refusal);
});

test('of two registries the first says which number a name has, and both know names', () => {
  const other = extendRegistry(emptyIdRegistry, 'munge:x:7:7::/:/x\nada:x:1000:1000::/:/x\n', 'ada:x:1000:\n');
  const joined = joinRegistries(registry, other);
  expect(joined.users).toEqual({ root: 0, munge: 100, ada: 1000 });
  expect(joined.groups).toEqual({ root: 0, munge: 101, ada: 1000 });
  expect(joined.passwd).toEqual([...registry.passwd, 'ada:x:1000:1000::/:/x']);
  expect(joinRegistries(emptyIdRegistry, other)).toEqual(other);
});

test('seeded accounts are complete and locked', () => {
  const seeds = renderSeeds(registry);
  expect(seeds['passwd']).toBe(passwd);
  expect(seeds['shadow']).toBe('root:!*:20000::::::\nmunge:!*:20000::::::\n');
  expect(seeds['gshadow']).toBe('root:!::\nmunge:!::\n');
});

test('a layer is shared until its numbers contradict the registry', () => {
  const ids = { users: { munge: 100 }, groups: {} };
  const shared = new Map([['k', { wanted: 'k', ...ids }]]);
  expect(chooseLayerKey('k', { users: {}, groups: {} }, new Map())).toBe('k');
  expect(chooseLayerKey('k', registry, shared)).toBe('k');
  const other = { users: { munge: 200 }, groups: {} };
  expect(chooseLayerKey('k', other, shared)).toMatch(/^[0-9a-f]{64}$/);
});
