/** Values of an attacker in the files of a node: what they say stands there, and is neither a template, nor a command, nor another line. */
import { execFileSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { NodeSpec } from '../../src/model/node.ts';
import { renderFrozenOverlay } from '../../src/plan/overlay.ts';
import { sampleManifest, sampleNode, sampleOverlay, sampleView } from '../support/sample-view.ts';

const overlay = sampleOverlay(
  'base',
  { needs: { vars: ['text'] } },
  {
    'etc/plain.hbs': 'before\ntext={{vars.text}}\nafter\n',
    'etc/script.hbs': 'text={{shell vars.text}}\nprintf %s "$text"\n',
    'etc/config.yaml.hbs': 'text: {{yaml vars.text}}\nnext: 1\n',
    'etc/config.json.hbs': '{"text": {{json vars.text}}, "next": 1}\n',
  },
);

const hostile = [
  '{{node.name}}',
  '{{{json this}}}',
  '{{#each nodes}}{{name}}{{/each}}',
  '{{fail "x"}}',
  '{{lookup this "constructor"}}',
  String.raw`\{{node.name}}`,
  '$(touch /tmp/owned)',
  '`id`; reboot',
  `'; reboot; '`,
  '"; reboot; "',
  '$HOME ${IFS} $((1+1))',
  '*',
  '-n',
  String.raw`\n\t\0 %s %n`,
  'a: b # c',
  '- x',
  '!!python/object/apply:os.system [id]',
  '&a *a',
  '{"a": 1}',
  'yes',
  '0x10',
  '</script><script>alert(1)</script>',
  'ünïcödé 🐧',
];

function rendered(text: string): Record<string, string> {
  const node = NodeSpec.parse({ ...sampleNode('node01'), vars: { text } });
  const overlays = new Map([...sampleView().overlays, ['base', overlay]]);
  const view = sampleView({ overlays, nodes: [node] });
  const files = renderFrozenOverlay({ node, view, manifest: sampleManifest() });
  return Object.fromEntries(
    files.flatMap((file) => (file.kind === 'file' ? [[file.path, Buffer.from(file.bytes).toString('utf8')]] : [])),
  );
}

describe.each(hostile)('the value %j', (text) => {
  const files = rendered(text);

  test('stands in its line as it is, and in no other', () => {
    expect(files['etc/plain']).toBe(`before\ntext=${text}\nafter\n`);
  });

  test('is one word to a shell that runs the file', () => {
    expect(execFileSync('sh', ['-c', files['etc/script'] ?? '']).toString()).toBe(text);
  });

  test('is the same text when YAML and JSON are read', () => {
    expect(parse(files['etc/config.yaml'] ?? '')).toEqual({ text, next: 1 });
    expect(JSON.parse(files['etc/config.json'] ?? '')).toEqual({ text, next: 1 });
  });
});

test.each(['a\nb', 'a\rb', 'a\u0000b', '\u001b[2J', 'a\u0085b', 'a\u2028b', '\u009b2J'])(
  'a value with more than one line, %j, is no value',
  (text) => {
    expect(() => rendered(text)).toThrow('one line of text');
  },
);
