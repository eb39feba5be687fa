import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import { renderText, scopeOf, type Sight } from '../../src/plan/overlay-text.ts';
import { compileTemplate } from '../../src/plan/render.ts';

const fileOf = (text: string) => ({ key: { bytes: Buffer.from(text) }, source: 'x' });

/** As the variables of overlays are shared. */
const alikeOf = (role: string) => (name: string) => {
  if (['cluster', 'network', 'nodes', 'slurm'].includes(name)) return '';
  return name === 'role' || name === 'shares' ? role : undefined;
};

const variableNames = ['cluster', 'network', 'node', 'nodes', 'role', 'shares', 'slurm', 'vars'];

test.each([
  ['{{join nodes}} {{cluster}} {{network}} {{slurm}}', 'cluster'],
  ['plain', 'cluster'],
  ['{{#each nodes}}{{this}}{{/each}}', 'cluster'],
  ['{{role}}', 'role'],
  ['{{shares}} {{cluster}}', 'role'],
  ['{{join nodes}} {{node}}', 'node'],
  ['{{#if (eq cluster "plum")}}{{vars}}{{/if}}', 'node'],
  ['{{shares}} {{node}}', 'node'],
])('%s is one text for each %s', (template, scope) => {
  const [file, shared] = [fileOf(template), {}];
  const sight = (name: string, role: string): Sight => {
    const own = { role, shares: role, node: name, vars: name };
    const variables = { nodes: ['a'], cluster: 'plum', network: 'n', slurm: 's', ...own };
    return { shared, own: {}, alike: alikeOf(role), variables };
  };
  const one = renderText(file, sight('one', 'compute'));
  const other = renderText(file, sight('two', 'compute'));
  const third = renderText(file, sight('three', 'login'));

  expect(one === other).toBe(scope !== 'node');
  expect(one === third).toBe(scope === 'cluster');
  expect(scopeOf(file, alikeOf('compute'), variableNames).scope).toBe(scope);
});

test("a node's own text is rendered once for it", () => {
  const file = fileOf('{{node}}');
  const sight = { shared: {}, own: {}, alike: alikeOf('r'), variables: { node: 'a' } };

  expect(renderText(file, sight)).toBe(renderText(file, sight));
  expect(renderText(file, { ...sight, own: {} })).not.toBe(renderText(file, sight));
});

test('other shared variables are another cluster', () => {
  const file = fileOf('{{join nodes}}');
  const rendered = (nodes: string[]) =>
    String(renderText(file, { shared: nodes, own: {}, alike: alikeOf('r'), variables: { nodes } }));

  expect([rendered(['a']), rendered(['b'])]).toEqual(['a', 'b']);
});

test('a text that failed is tried again', () => {
  const file = fileOf('{{cluster.name}}');
  const sight = { shared: {}, own: {}, alike: alikeOf('r') };
  const withVariables = (variables: Sight['variables']) => () => String(renderText(file, { ...sight, variables }));

  expect(withVariables({ cluster: {} })).toThrow(ConfigError);
  expect(withVariables({ cluster: { name: 'plum' } })()).toBe('plum');
});

/** Entries of the table have fields with the names of variables, and a value that is only true leads nowhere. */
const clusterWide = {
  cluster: { name: 'plum', flag: true, none: [] },
  nodes: [
    { name: 'a', node: { name: 'inner' }, role: 'r', list: ['x', 'y'] },
    { name: 'b', node: { name: 'inner' }, role: 's', list: [] },
  ],
};

const variablesOf = (name: string, role: string) => ({
  ...clusterWide,
  node: { name, list: [name], flag: name === 'one' },
  role: { name: role, list: [role] },
});

const paths = (
  'this name node node.name node.flag role.name role cluster.name cluster.flag cluster.none nodes list ../name ' +
  '../node.name ../../node.name ../role .. ../.. @root.node.name @root.cluster.name @root.role @root ./name this.node ' +
  'item item.name'
).split(' ');

const template = fc.letrec<{ text: string; statement: string }>((tie) => {
  const path = fc.constantFrom(...paths);
  const blocks = ['if', 'unless', 'each', 'with'].flatMap((helper) => [
    fc.tuple(path, tie('text'), tie('text')).map(([of, a, b]) => `{{#${helper} ${of}}}${a}{{else}}${b}{{/${helper}}}`),
    fc.tuple(path, tie('text')).map(([of, a]) => `{{#${helper} ${of} as |item|}}${a}{{/${helper}}}`),
  ]);
  return {
    statement: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      path.map((of) => `{{json ${of}}}`),
      path.map((of) => `{{#if (eq ${of} "one")}}yes{{/if}}`),
      fc.tuple(path, path).map(([of, field]) => `{{json (lookup ${of} "${field}")}}`),
      ...blocks,
      fc
        .constantFrom('cluster.flag', 'nodes', 'node', 'role.list', 'cluster.none')
        .chain((of) => fc.tuple(tie('text'), tie('text')).map(([a, b]) => `{{#${of}}}${a}{{^}}${b}{{/${of}}}`)),
    ),
    text: fc.array(tie('statement'), { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')),
  };
}).text;

/** The text, or that there is none. */
function attempt(work: () => string): string {
  try {
    return `text ${work()}`;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return 'refused';
  }
}

test('each node gets byte by byte what it gets when every file is rendered for it alone', () => {
  let count = 0;
  fc.assert(
    fc.property(template, (text) => {
      const [file, shared] = [fileOf(text), {}];
      const alone = compileTemplate(text, 'x');
      const nodes = [
        ['one', 'compute'],
        ['two', 'compute'],
        ['three', 'login'],
      ] as const;
      const made = nodes.map(([name, role]) => {
        const variables = variablesOf(name, role);
        const own = variables.node;
        const together = attempt(() => String(renderText(file, { shared, own, alike: alikeOf(role), variables })));
        expect(together).toBe(attempt(() => alone(variables)));
        return together;
      });
      count += Number(made[0] === made[1] && made[0] !== 'refused');
    }),
    { numRuns: 200 },
  );
  expect(count).toBeGreaterThan(5);
});
