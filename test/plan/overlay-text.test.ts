import { expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import { renderText, type TextRequest } from '../../src/plan/overlay-text.ts';

const notHere = {};

test.each([
  ['{{join nodes}} {{cluster}} {{network}} {{slurm}}', false],
  ['plain', false],
  ['{{join nodes}} {{node}}', true],
  ['{{#if (eq cluster "plum")}}{{vars}}{{/if}}', true],
  ['{{role}}', true],
  ['{{shares}}', true],
  ['{{ssh}}', true],
])('%s: another node gets its own text: %s', (template, isOwn) => {
  const [key, shared] = [{}, {}];
  const request = (name: string): TextRequest => {
    const own = Object.fromEntries(['node', 'role', 'shares', 'ssh', 'vars'].map((variable) => [variable, name]));
    const variables = { nodes: ['a'], cluster: 'plum', network: 'n', slurm: 's', ...own };
    return { key, text: Buffer.from(template), source: 'x', shared, variables, notHere };
  };

  expect(renderText(request('one')) !== renderText(request('two'))).toBe(isOwn);
});

test('other shared variables are another cluster', () => {
  const [key, text] = [{}, Buffer.from('{{join nodes}}')];
  const rendered = (nodes: string[]) =>
    renderText({ key, text, source: 'x', shared: nodes, variables: { nodes }, notHere });

  expect([rendered(['a']), rendered(['b'])]).toEqual(['a', 'b']);
});

test('a text that failed is tried again', () => {
  const [key, shared, text] = [{}, {}, Buffer.from('{{cluster.name}}')];
  const withVariables = (variables: TextRequest['variables']) => () =>
    renderText({ key, text, source: 'x', shared, variables, notHere });

  expect(withVariables({ cluster: {} })).toThrow(ConfigError);
  expect(withVariables({ cluster: { name: 'plum' } })()).toBe('plum');
});
