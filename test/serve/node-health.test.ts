import { expect, test } from 'vitest';

import { nodeProblems } from '../../src/serve/node-health.ts';
import type { Desired } from '../../src/serve/site.ts';
import { sampleNode, sampleView } from '../support/sample-view.ts';

const view = sampleView();
const node = (name: string) => ({ ...sampleNode('node01', view), name });
const broken: Desired = { kind: 'refused', reason: 'the image is gone' };
const onHold: Desired = { kind: 'refused', reason: 'it waits in the hold boot', isOnHold: true };

test.each([
  [
    'one that cannot boot stands for its role and board',
    [broken, broken],
    ['node01, node02 cannot boot: the image is gone'],
  ],
  ['one whose root is made does not count', [{ ...broken, isBeingMade: true as const }], []],
  ['one in the hold boot does not count', [onHold], []],
  ['one in the hold boot stands for no other', [onHold, broken], ['node01, node02 cannot boot: the image is gone']],
])('%s', (_name, answers: readonly Desired[], expected) => {
  const nodes = answers.map((_answer, index) => node(`node0${index + 1}`));
  const desired = ({ name }: { readonly name: string }) => answers[Number(name.slice(-1)) - 1] ?? broken;
  expect(nodeProblems({ view: () => ({ ...view, nodes }), desired })).toEqual(expected);
});
