import { expect, test } from 'vitest';

import { roleEdits } from '../../src/plan/role-edits.ts';
import { sampleCluster, sampleClusterInput, sampleOverlay, sampleView } from '../support/sample-view.ts';

const { roles } = sampleClusterInput;
const { compute } = roles;

/** The sample, nothing of it the same object as before, with these changes of the role compute. */
const withCompute = (changes: object) =>
  sampleView({ cluster: sampleCluster({ roles: { ...roles, compute: { ...compute, ...changes } } }) });

const withLogin = (spec: Record<string, unknown>, texts: Record<string, string>) => {
  const view = sampleView();
  return { ...view, overlays: new Map([...view.overlays, ['login', sampleOverlay('login', spec, texts)]]) };
};

const fieldsOf = (before = sampleView(), after = sampleView()) =>
  Object.fromEntries(
    roleEdits(before, after).map(({ kind, fields: { role, ...edits } = {} }) => [`${kind} ${role}`, edits]),
  );

test('what was read again and says the same tells nothing', () => {
  expect(roleEdits(sampleView(), sampleView())).toEqual([]);
});

test.each<[string, object, object]>([
  ['image', { image: 'debian-lite@20261120.1' }, { image: 'debian-lite -> debian-lite@20261120.1' }],
  ['root', { root: 'ram' }, { root: 'shared -> ram' }],
  ['boot', { boot: 'signed' }, { boot: 'tftp -> signed' }],
  ['deadline', { deadline: '10m' }, { deadline: '300s -> 600s' }],
  ['kernelArguments', { kernelArguments: ['debug'] }, { kernelArguments: '+debug -quiet' }],
  ['ready', { ready: [] }, { ready: '-slurmd' }],
  ['overlays', { overlays: [...compute.overlays, 'login'] }, { overlays: '+login' }],
  ['their order', { overlays: compute.overlays.toReversed() }, { overlays: 'in another order' }],
  ['vars', { vars: { rack: 1 } }, { 'vars.slurmPartition': 'main -> -', 'vars.rack': '- -> 1' }],
])('another %s is an edit of that role alone', (_name, changes, edits) => {
  expect(fieldsOf(sampleView(), withCompute(changes))).toEqual({ 'role.edited compute': edits });
});

test('vars of the cluster are edits of the roles that have none of the name', () => {
  const cluster = sampleCluster({ vars: { slurmPartition: 'other' } });

  expect(fieldsOf(sampleView(), sampleView({ cluster }))).toEqual({
    'role.edited controller': { 'vars.slurmPartition': '- -> other' },
    'role.edited login': { 'vars.slurmPartition': '- -> other' },
  });
});

test('roles come and go', () => {
  const { login, ...others } = roles;
  const renamed = sampleView({ cluster: sampleCluster({ roles: { ...others, gate: login } }) });

  expect(fieldsOf(sampleView(), renamed)).toEqual({ 'role.removed login': {}, 'role.added gate': {} });
});

const motd = { 'etc/motd.hbs': 'a', 'etc/issue': 'a' };

test.each<[string, Record<string, unknown>, Record<string, string>, string]>([
  ['content', {}, { ...motd, 'etc/issue': 'b' }, 'etc/issue'],
  ['kind', {}, { 'etc/motd': 'a', 'etc/issue': 'a' }, 'etc/motd'],
  ['names', {}, { 'etc/motd.hbs': 'a', 'etc/issue.net': 'a' }, '+etc/issue.net -etc/issue'],
  ['modes', { files: { 'etc/issue': { mode: '0600' } } }, motd, 'overlay.yaml'],
  [
    'more files than anybody reads',
    {},
    { ...motd, ...Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`a/${index}`, ''])) },
    '+a/0 +a/1 +a/2 +a/3 +a/4 +a/5 +a/6 +a/7 +a/8 +a/9 and 2 more',
  ],
])('files of an overlay, their %s: told for the roles that have it', (_name, spec, texts, told) => {
  expect(fieldsOf(withLogin({}, motd), withLogin(spec, texts))).toEqual({
    'role.edited login': { 'overlays.login': told },
  });
});
