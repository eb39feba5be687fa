import { describe, expect, test } from 'vitest';

import { LayerGroup, LayerUser } from '../../src/model/image-users.ts';
import { planAccounts, type AccountFiles } from '../../src/plan/accounts.ts';

const present: AccountFiles = {
  passwd: 'root:x:0:0:root:/root:/bin/bash\nmunge:x:999:998::/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\nvideo:x:44:pi\nmunge:x:998:\nsudo:x:27:\n',
  shadow: 'root:*:20000:0:99999:7:::\nmunge:!:20000::::::\n',
  gshadow: 'root:*::\nvideo:*::pi\nmunge:!::\n',
};

const nobodyYet = { users: {}, groups: {} };

function plan(users: object[], options: { groups?: object[]; registry?: typeof nobodyYet | object } = {}) {
  const asked = {
    layer: 'site',
    users: users.map((user) => LayerUser.parse(user)),
    groups: (options.groups ?? []).map((group) => LayerGroup.parse(group)),
  };
  return planAccounts(asked, present, { ...nobodyYet, ...options.registry });
}

const lineOf = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(`${name}:`));

describe('an ordinary user', () => {
  const { files, homes, warnings } = plan([{ name: 'ada', comment: 'Ada L.', groups: ['video'] }]);

  test('gets a number of its own, a group of that number, a home and a shell', () => {
    expect(lineOf(files.passwd, 'ada')).toBe('ada:x:1000:1000:Ada L.:/home/ada:/bin/bash');
    expect(lineOf(files.group, 'ada')).toBe('ada:x:1000:');
    expect(homes).toEqual([{ path: '/home/ada', uid: 1000, gid: 1000, isPersons: true }]);
  });

  test('joins groups beside those that are in them', () => {
    expect(lineOf(files.group, 'video')).toBe('video:x:44:pi,ada');
    expect(lineOf(files.gshadow, 'video')).toBe('video:*::pi,ada');
  });

  test('has no password, and no day of the build in its line', () => {
    expect(lineOf(files.shadow, 'ada')).toBe('ada:*:20000:0:99999:7:::');
    expect(warnings).toEqual([]);
  });

  test('leaves all other lines as they were', () => {
    for (const name of ['root', 'munge']) expect(lineOf(files.passwd, name)).toBe(lineOf(present.passwd, name));
  });
});

test('a daemon has a number below 1000 that neither a user nor a group has, no home and no shell', () => {
  const { files, homes } = plan([{ name: 'prom', system: true }]);
  expect(lineOf(files.passwd, 'prom')).toBe('prom:x:997:997::/nonexistent:/usr/sbin/nologin');
  expect(homes).toEqual([]);
  expect(plan([{ name: 'prom', system: true, home: '/var/lib/prom' }]).homes).toEqual([
    { path: '/var/lib/prom', uid: 997, gid: 997, isPersons: false },
  ]);
});

test('a password hash is taken over, with a warning that does not repeat it', () => {
  const { files, warnings } = plan([{ name: 'ada', passwordHash: '$y$j9T$abc$def' }]);
  expect(lineOf(files.shadow, 'ada')).toContain(':$y$j9T$abc$def:');
  expect(warnings).toEqual([expect.stringMatching(/^the password of ada is in the image: everyone/)]);
  expect(warnings.join('')).not.toContain('$y$');
});

describe('numbers', () => {
  const registry = { users: { ada: 1007, slurm: 64_030 }, groups: { ada: 1008, slurm: 64_030 } };

  test('are those that the family has given out', () => {
    const { files } = plan([{ name: 'ada' }], { registry });
    expect(lineOf(files.passwd, 'ada')).toContain(':1007:1008:');
  });

  test("of a user are its group's too where they are free", () => {
    const known = { users: { ada: 1007 }, groups: {} };
    expect(lineOf(plan([{ name: 'ada' }], { registry: known }).files.group, 'ada')).toBe('ada:x:1007:');
    expect(lineOf(plan([{ name: 'bin', uid: 998 }]).files.group, 'bin')).toBe('bin:x:1000:');
  });

  test('of others in the family are not taken', () => {
    const { files } = plan([{ name: 'bob' }], { registry: { users: { eve: 1000 }, groups: { eve: 1001 } } });
    expect(lineOf(files.passwd, 'bob')).toContain(':1002:1002:');
  });

  test('stay when the account is in the image already, whatever else changes', () => {
    const { files } = plan([{ name: 'munge', system: true, shell: '/bin/sh' }]);
    expect(lineOf(files.passwd, 'munge')).toBe('munge:x:999:998::/nonexistent:/bin/sh');
  });

  test('that are given are taken, also by the group', () => {
    const { files } = plan([{ name: 'slurm', uid: 64_030, system: true }]);
    expect(lineOf(files.passwd, 'slurm')).toContain(':64030:64030:');
    expect(lineOf(plan([], { groups: [{ name: 'gpu', gid: 600 }] }).files.group, 'gpu')).toBe('gpu:x:600:');
  });

  test.each<[string, object[], object, RegExp]>([
    ['of the family', [{ name: 'ada', uid: 1001 }], { registry }, /user ada of layer site is to be 1001, but is 1007/],
    ['of the image', [{ name: 'munge', uid: 5 }], {}, /user munge of layer site is to be 5, but is 999 already/],
    ['of another', [{ name: 'bob', uid: 999 }], {}, /user bob of layer site would take 999, which belongs to munge/],
    ['of a group', [], { groups: [{ name: 'gpu', gid: 44 }] }, /group gpu .* would take 44, which belongs to video/],
    ['of no group', [{ name: 'bob', groups: ['vidoe'] }], {}, /is to be in the group vidoe, which is not there/],
  ])('that contradict those %s are refused', (_name, users, options, message) => {
    expect(() => plan(users, options)).toThrow(message);
  });
});

test('what is planned once is found as it is the second time', () => {
  const users = [
    { name: 'ada', groups: ['video'] },
    { name: 'prom', system: true },
  ].map((user) => LayerUser.parse(user));
  const once = planAccounts({ layer: 'site', users, groups: [] }, present, nobodyYet).files;
  expect(planAccounts({ layer: 'site', users, groups: [] }, once, nobodyYet).files).toEqual(once);
});
