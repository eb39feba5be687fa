import { expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import { renderText, type TextRequest } from '../../src/plan/overlay-text.ts';
import { sampleView } from '../support/sample-view.ts';

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
  const view = sampleView();
  const request = (name: string): TextRequest => {
    const own = Object.fromEntries(['node', 'role', 'shares', 'ssh', 'vars'].map((variable) => [variable, name]));
    const variables = { nodes: ['a'], cluster: 'plum', network: 'n', slurm: 's', ...own };
    return { key: view, text: Buffer.from(template), source: 'x', view, variables, notHere };
  };

  expect(renderText(request('one')) !== renderText(request('two'))).toBe(isOwn);
});

test('another view is another cluster', () => {
  const [key, text] = [{}, Buffer.from('{{join nodes}}')];
  const inView = (view: TextRequest['view'], nodes: string[]) =>
    renderText({ key, text, source: 'x', view, variables: { nodes }, notHere });

  expect([inView(sampleView(), ['a']), inView(sampleView(), ['b'])]).toEqual(['a', 'b']);
});

test('a text that failed is tried again', () => {
  const [key, view, text] = [{}, sampleView(), Buffer.from('{{cluster.name}}')];
  const withVariables = (variables: TextRequest['variables']) => () =>
    renderText({ key, text, source: 'x', view, variables, notHere });

  expect(withVariables({ cluster: {} })).toThrow(ConfigError);
  expect(withVariables({ cluster: { name: 'plum' } })()).toBe('plum');
});
