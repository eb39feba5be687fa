/** Completion scripts: bash runs its own; zsh's is the same behind another door; fish's is read. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { runHere } from '../support/command-line.ts';

const run = promisify(execFile);

/** What bash offers for the last of these words; `pi-image NOUN list -o name` answers two names. */
async function offers(...words: string[]): Promise<string[]> {
  const { out } = await runHere(['completion', 'bash']);
  const line = ['pi-image', ...words];
  const script = [
    'pi-image() { [ "$2 $3 $4" = "list -o name" ] && printf "%s1\\n%s2\\n" "$1" "$1"; }',
    out,
    `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}`,
    '_pi_image; printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { stdout } = await run('bash', ['-uc', script]);
  return stdout.split('\n').filter((word) => word !== '');
}

test.each<[string[], string[]]>([
  [['sta'], ['status']],
  [['overlay', 're'], ['render']],
  [
    ['rollout', 'sta'],
    ['start', 'status'],
  ],
  [['rollout', 'status', '--o'], ['--output']],
  [
    ['overlay', 'render', 'ov'],
    ['overlay1', 'overlay2'],
  ],
  [
    ['node', 'explain', 'node'],
    ['node1', 'node2'],
  ],
  [['node', 'list', '--o'], ['--output']],
  [['node', 'list', '-o', 'j'], ['json']],
  [['--config', '/etc/hostna'], ['/etc/hostname']],
  [['apply', '--d'], ['--dry-run']],
  [
    ['overlay', 'render', 'base', '-n', ''],
    ['node1', 'node2'],
  ],
  [['inventory', '-o', 'g'], ['genders']],
  [['token', 'create', 'x', '--scope', 'r'], ['read']],
  [['completion', 'z'], ['zsh']],
  [['zzz'], []],
])('bash completes %j', async (words, expected) => {
  expect(await offers(...words)).toEqual(expected);
});

test('bash offers all commands', async () => {
  expect(await offers('')).toEqual(
    expect.arrayContaining(['init', 'build', 'serve', 'node', 'completion', '--config']),
  );
});

test('zsh gets the same function', async () => {
  const { out } = await runHere(['completion', 'zsh']);

  expect(out).toMatch(/^#compdef pi-image\n/);
  expect(out).toContain('complete -F _pi_image pi-image');
  expect(out).not.toMatch(/\bpath=/);
});

test('fish knows commands, options with their choices, and names', async () => {
  const { out } = await runHere(['completion', 'fish']);

  expect(out).toMatch(/-n '__pi_image_at "node"' -a explain -d '/);
  expect(out).toMatch(/-n '__pi_image_at "node list"' -l output -s o -r -f -a 'table json yaml name' /);
  expect(out).toContain(`-n '__pi_image_at "node explain"' -a '(pi-image node list -o name 2>/dev/null)'`);
});
