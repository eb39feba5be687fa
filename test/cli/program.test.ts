/** The command line as a whole: exit codes, suggestions, and help for every command. */
import { describe, expect, test } from 'vitest';

import { CommandEnded, explain, exitCodeOf } from '../../src/cli/explain.ts';
import { ConfigError, HostError, UsageError } from '../../src/model/errors.ts';
import { commandPaths, runHere, sampleSite } from '../support/command-line.ts';

test('says its version', async () => {
  expect(await runHere(['--version'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: '',
  });
});

test.each<[string, string[], string]>([
  ['no command', [], 'Usage: pi-image'],
  ['a misspelt command', ['nodes'], 'Did you mean node?'],
  ['an unknown verb', ['node', 'lst'], 'Did you mean list?'],
  ['an unknown option', ['node', 'list', '--outptu', 'json'], 'unknown option'],
  ['an unknown format', ['node', 'list', '-o', 'xml'], 'table, json, yaml, name'],
  ['a missing argument', ['node', 'explain'], 'missing required argument'],
  ['a missing option', ['apply'], "required option '-f, --file"],
])('%s is a usage error', async (_name, args, message) => {
  const { code, out, err } = await runHere(args);

  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toContain(message);
});

test('a host list that cannot be read is a usage error too', async () => {
  const { run } = await sampleSite();

  expect(await run('node', 'list', 'node[3-1]')).toMatchObject({ code: 2, err: expect.stringContaining('[01-08]') });
});

describe('every command', () => {
  test('has help with an example that starts with its own name', async () => {
    const paths = await commandPaths();
    const helps = await Promise.all(
      paths.map(async (path) => ({ path, help: (await runHere([...path, '--help'])).out })),
    );
    const without = helps.filter(
      ({ path, help }) => !help.includes(`Example`) || !help.split('Example')[1]?.includes(path[0] ?? ''),
    );

    expect(paths.length).toBeGreaterThan(15);
    expect(without.map(({ path }) => path.join(' '))).toEqual([]);
  });
});

describe('a failure', () => {
  const system = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES', syscall: 'open' });

  test.each<[string, unknown, number, string]>([
    ['of the user', new ConfigError('a is wrong', { hint: 'Do b.' }), 1, 'pi-image: a is wrong\n  hint: Do b.\n'],
    ['with a cause', new HostError('a failed', { cause: new Error('b') }), 1, 'pi-image: a failed\n  because: b\n'],
    ['of the command line', new UsageError('no'), 2, 'pi-image: no\n'],
    ['of a program that has spoken for itself', new CommandEnded(3), 3, ''],
    ['of a program that ends more', new CommandEnded(4, 'nothing is kept'), 4, 'pi-image: nothing is kept\n'],
    ['of the system', system, 1, "pi-image: EACCES: permission denied, open '/x'\n  hint: Run it as root.\n"],
  ])('%s says what and why', (_name, error, code, text) => {
    expect(explain(error)).toBe(text);
    expect(exitCodeOf(error)).toBe(code);
  });

  test('of ours is a bug and shows its stack', () => {
    expect(explain(new TypeError('x'))).toMatch(/^pi-image: bug: TypeError: x\n {4}at /);
    expect(exitCodeOf(new TypeError('x'))).toBe(70);
  });
});
