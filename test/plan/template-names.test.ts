import { expect, test } from 'vitest';

import { compileTemplate } from '../../src/plan/render.ts';

test.each([
  ['plain', []],
  ['{{node.name}} {{text}}', ['node', 'text']],
  ['{{#each nodes}}{{name}} {{this}} {{@index}}{{/each}}', ['nodes']],
  ['{{#each nodes as |node|}}{{node.name}}{{/each}}', ['nodes']],
  ['{{#each nodes}}{{@root.text}}{{/each}}', ['nodes', 'text']],
  [
    '{{#if empty.[0]}}{{text}}{{else if more}}{{other}}{{else}}{{last}}{{/if}}',
    ['empty', 'last', 'more', 'other', 'text'],
  ],
  ['{{#each nodes}}{{else}}{{text}}{{/each}}', ['nodes', 'text']],
  ['{{#if (eq node.board "pi5")}}x{{/if}}', ['node']],
  ['{{join nodes "," "text"}}', ['nodes']],
  // How many levels there are depends on values: what may be read counts.
  ['{{#each nodes}}{{../text}}{{/each}}', ['nodes', 'text']],
  ['{{#each nodes}}{{#with this}}{{../text}}{{/with}}{{/each}}', ['nodes', 'text']],
  ['{{#flag}}{{text}}{{/flag}}', ['flag', 'text']],
  ['{{^flag}}{{text}}{{/flag}}', ['flag', 'text']],
  ['{{json this}}', ['this']],
  ['{{lookup . "text"}}', ['this']],
  ['{{#with @root}}{{text}}{{/with}}', ['this']],
  ['{{#each nodes}}{{#each ..}}{{text}}{{/each}}{{/each}}', ['nodes', 'this']],
])('%s can read %j', (template, expected) => {
  expect([...compileTemplate(template, 'x').reads].toSorted()).toEqual(expected);
});
