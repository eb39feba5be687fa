import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ConfigError } from '../../src/model/errors.ts';
import { compileTemplate, render } from '../../src/plan/render.ts';

const variables = {
  node: { name: 'node01', mac: undefined, cpus: 4, vars: { quote: "it's" }, isNew: false },
  nodes: [{ name: 'node01' }, { name: 'node02' }],
  names: ['b8', 'a', 'b7'],
  empty: [],
  text: 'a "b" & <c>',
  bad: 'one\ntwo',
};

function failure(template: string, notHere?: Record<string, string>): ConfigError {
  try {
    compileTemplate(template, 'etc/x.hbs')(variables, { notHere });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`"${template}" was rendered`);
}

test.each([
  ['plain text', 'plain text'],
  ['{{node.name}} {{node.cpus}} {{node.isNew}}', 'node01 4 false'],
  ['{{text}} {{{text}}}', 'a "b" & <c> a "b" & <c>'],
  ['{{#each nodes}}{{name}}{{#unless @last}},{{/unless}}{{/each}}', 'node01,node02'],
  [
    '{{#each nodes as |other index|}}{{index}}:{{other.name}} {{../node.name}} {{/each}}',
    '0:node01 node01 1:node02 node01 ',
  ],
  ['{{#each empty}}x{{else}}none{{/each}}', 'none'],
  ['{{#if node.mac}}{{node.mac}}{{else}}no mac{{/if}}', 'no mac'],
  ['{{#with node}}{{name}}{{/with}}', 'node01'],
  ['{{#if (eq node.name "node01")}}me{{/if}}', 'me'],
  ['{{#if (eq node.cpus 1)}}one{{else if (eq node.cpus 4)}}four{{/if}}', 'four'],
  ['{{shell node.vars.quote}}', String.raw`'it'\''s'`],
  ['{{json nodes}} {{json text}}', String.raw`[{"name":"node01"},{"name":"node02"}] "a \"b\" & <c>"`],
  ['{{yaml node.cpus}} {{yaml node.name}}', '4 "node01"'],
  ['{{join nodes " " "name"}} {{join empty}}', 'node01 node02 '],
  ['{{hostlist nodes}} {{hostlist names}} {{hostlist empty}}', 'node[01-02] a,b[7-8] '],
  ['{{lookup node "name"}} {{@root.node.name}}', 'node01 node01'],
  ['a\n{{#if node.name}}\nb\n{{/if}}\nc\n', 'a\nb\nc\n'],
  ['{{!-- not in the file --}}x', 'x'],
])('%s becomes %s', (template, expected) => {
  expect(render(template, variables, 'etc/x.hbs')).toBe(expected);
});

describe('a template that cannot be meant is refused:', () => {
  test.each([
    ['{{nod.name}}', 'etc/x.hbs: there is no variable nod; did you mean node?'],
    ['{{node.nmae}}', 'etc/x.hbs: there is no variable node.nmae; did you mean name?'],
    ['{{#if node.gone}}x{{/if}}', 'etc/x.hbs: there is no variable node.gone'],
    ['{{#each gone}}x{{/each}}', 'etc/x.hbs: there is no variable gone'],
    ['{{#each nodes}}{{serial}}{{/each}}', 'etc/x.hbs: there is no variable nodes.0.serial'],
    ['{{json node.gone}}', 'etc/x.hbs: there is no variable node.gone'],
    ['{{lookup node "gone"}}', 'etc/x.hbs: there is no variable node.gone'],
    ['{{node.constructor}}', 'etc/x.hbs: there is no variable node.constructor'],
    ['{{node.name.length.constructor}}', 'etc/x.hbs:1: {{node.name.length.constructor}}: has no value here'],
    ['{{nodes.map}}', 'etc/x.hbs: there is no variable nodes.map'],
    ['{{node.__proto__}}', 'etc/x.hbs: there is no variable node.__proto__'],
    ['{{toString}}', 'etc/x.hbs: there is no variable toString'],
    ['\n{{node}}', 'etc/x.hbs:2: {{node}}: is a group of values, not one'],
    ['{{node.mac}}', 'etc/x.hbs:1: {{node.mac}}: has no value here'],
    ['{{bad}}', 'etc/x.hbs:1: {{bad}}: the value "one\\ntwo" has a newline or control character'],
    ['{{shell bad}}', 'etc/x.hbs: {{shell …}}: the value "one\\ntwo" has a newline or control character'],
    ['{{json bad}}', 'etc/x.hbs: {{json …}}: the value "one\\ntwo" has a newline or control character'],
    ['{{join nodes "," "nmae"}}', "etc/x.hbs: {{join …}}: the list's entries have no nmae"],
    ['{{join node}}', 'etc/x.hbs: {{join …}}: needs a list'],
    ['{{jsn node}}', 'etc/x.hbs:1: there is no helper jsn; did you mean json?'],
    ['{{json (jsn node)}}', 'etc/x.hbs:1: there is no helper jsn; did you mean json?'],
    ['{{#fi node}}x{{/fi}}', 'etc/x.hbs:1: there is no helper fi; did you mean if?'],
    ['{{log node.name}}', 'etc/x.hbs:1: there is no helper log'],
    ['{{> other}}', 'etc/x.hbs:1: partials and decorators are not available here'],
    ['{{* other}}', 'etc/x.hbs:1: partials and decorators are not available here'],
    ['{{fail "slurm is not set up"}}', 'etc/x.hbs: slurm is not set up'],
    ['{{#if node}}', 'etc/x.hbs is not a template that can be rendered'],
  ])('%s', (template, message) => {
    expect(failure(template).message).toContain(message);
  });
});

test('the error lists the variables that there are', () => {
  expect(failure('{{x}}').hint).toBe('Variables here: bad, empty, names, node, nodes, text.');
  expect(failure('{{node.x}}').hint).toBe('Variables in node: cpus, isNew, mac, name, vars.');
});

test('a variable that exists elsewhere says why it is not here', () => {
  const error = failure('{{#each tables}}x{{/each}}', { tables: 'Only live files see it.' });

  expect(error.message).toBe('etc/x.hbs: there is no variable tables here');
  expect(error.hint).toBe('Only live files see it.');
});

test('whatever a value is, it is printed as it is or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      let text: string;
      try {
        text = render('key={{value}}\n', { value }, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      expect(text).toBe(`key=${value}\n`);
      expect(text.split(/[\n\r\u2028\u2029]/)).toHaveLength(2);
    }),
  );
});

test('a value in {{shell}} is one word to a shell', () => {
  const shell = (value: string) => render('{{shell value}}', { value }, 'x');

  expect(shell('$(reboot) `x` \\ "')).toBe(`'$(reboot) \`x\` \\ "'`);
  expect(shell("';reboot;'")).toBe(String.raw`''\'';reboot;'\'''`);
});
