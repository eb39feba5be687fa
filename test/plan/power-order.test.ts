/** The order of a shutdown: a table of roles and what the owner has written. */
import { expect, test } from 'vitest';

import { planShutdown } from '../../src/plan/power-order.ts';
import { sampleCluster } from '../support/sample-view.ts';

const nodes = [
  { name: 'head', role: 'controller' },
  { name: 'node01', role: 'compute' },
  { name: 'login', role: 'login' },
  { name: 'gpu', role: 'gpu' },
];

test.each<[string, Record<string, unknown>, string[][]]>([
  ['compute, login, controller', {}, [['node01', 'gpu'], ['login'], ['head']]],
  ['as its owner says', { power: { order: ['gpu', 'compute'] } }, [['login'], ['gpu'], ['node01'], ['head']]],
  ['the controller is last', { power: { order: ['compute', 'controller'] } }, [['login', 'gpu'], ['node01'], ['head']]],
  ['no Slurm', { slurm: undefined }, [['head', 'node01', 'gpu'], ['login']]],
])('%s', (_name, changes, expected) => {
  expect(planShutdown(nodes, sampleCluster(changes)).map((stage) => stage.map(({ name }) => name))).toEqual(expected);
});
