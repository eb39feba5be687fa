import { expect, test } from 'vitest';

import { diffLines, groupDiffs, summariseDiff } from '../../src/dashboard/role-preview.ts';
import { roleChangeExample } from '../../src/api/schemas/role.ts';
import { RoleDiff } from '../../src/model/role-diff.ts';

const diff = RoleDiff.parse(roleChangeExample.diff);
const same: RoleDiff = {
  ...diff,
  role: { from: 'login', to: 'login' },
  kernelArguments: { added: [], removed: [] },
  overlays: { added: [], removed: [] },
  files: { added: [], changed: ['etc/hosts'], removed: [] },
  patches: {},
  exports: { added: [], removed: [] },
  slurm: { from: 'none', to: 'none' },
};

test('every difference is a line, what stays is none', () => {
  expect(diffLines(diff).map(({ kind, what, text }) => `${kind} ${what} ${text}`)).toEqual([
    'changed role compute → login',
    'changed Slurm compute → none',
    'removed overlay slurm-compute',
    'added overlay login',
    'removed kernel argument isolcpus=3',
    'added export /shares/home',
    'removed file etc/tmpfiles.d/pi-image-slurmd.conf',
    'added file etc/motd',
  ]);
  expect(diffLines(same)).toEqual([{ kind: 'changed', what: 'file', text: 'etc/hosts' }]);
});

test('a side that is missing is none', () => {
  expect(diffLines({ ...same, image: { to: 'debian-lite@1' } })[0]).toMatchObject({ text: 'none → debian-lite@1' });
});

test('nodes that change alike are one group', () => {
  const groups = groupDiffs([
    { node: 'node01', diff },
    { node: 'node02', diff: same },
    { node: 'node03', diff },
  ]);

  expect(groups.map(({ nodes }) => nodes)).toEqual([['node01', 'node03'], ['node02']]);
  expect(groups[0]?.patches).toEqual(diff.patches);
});

test('a difference in short', () => {
  expect(summariseDiff(diffLines(diff))).toBe('2 things changed, 3 things added, 3 things removed');
  expect(summariseDiff([])).toBe('nothing changes');
});
