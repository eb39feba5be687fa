/** What is made from the tree of commands, by who reads it: zsh and fish their completions, mandoc the man pages. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '../../src/host/process.ts';
import { compile, compiledProgram } from '../support/compiled.ts';
import { pipe } from '../support/pipe-text.ts';

const manDir = path.resolve(import.meta.dirname, '../../dist/man');

let dir = '';
beforeAll(async () => {
  await compile();
  dir = await mkdtemp(path.join(tmpdir(), 'shells-'));
}, 150_000);
afterAll(() => rm(dir, { recursive: true }));

async function completion(shell: string): Promise<string> {
  const file = path.join(dir, shell);
  const argv = [process.execPath, compiledProgram, 'completion', shell] as const;
  await writeFile(file, await run(argv, { signal: AbortSignal.timeout(60_000) }));
  return file;
}

test.each([
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('%s reads its completion without a complaint', async (shell, flags) => {
  expect(await pipe([shell, ...flags, await completion(shell)], '')).toEqual({ code: 0, said: '' });
});

test('zsh knows who completes pi-image', async () => {
  const script = `ZDOTDIR=${dir}; source ${await completion('zsh')}; print $_comps[pi-image]`;

  expect(await pipe(['zsh', '-f', '-c', script], '')).toEqual({ code: 0, said: '_bash_complete -F _pi_image\n' });
});

test.each([
  ['pi-image inv', 'inventory'],
  ['pi-image inventory -o gen', 'genders'],
  ['pi-image node expl', 'explain'],
  ['pi-image overlay render --n', '--node'],
])('fish completes "%s"', async (line, word) => {
  const { said } = await pipe(
    ['fish', '--no-config', '-c', `source ${await completion('fish')}; complete -C '${line}'`],
    '',
  );

  expect(said.split('\n').map((each) => each.split('\t')[0]?.replace(/^-o/, ''))).toContain(word);
});

describe('man pages', () => {
  const page = (file: string) => readFile(path.join(manDir, file), 'utf8');
  const lint = (text: string) => pipe(['mandoc', '-T', 'lint', '-W', 'warning'], text);

  test('mandoc finds nothing wrong with any that the build has made', async () => {
    const files = await readdir(manDir);
    const said = await Promise.all(files.map(async (file) => `${file}: ${(await lint(await page(file))).said}`));

    expect(files).toContain('pi-image.1');
    expect(files.length).toBeGreaterThan(20);
    expect(said).toEqual(files.map((file) => `${file}: `));
  });

  test('mandoc would find a macro that is none', async () => {
    expect((await lint(`${await page('pi-image.1')}.Xx what\n`)).said).toContain('unknown macro');
  });

  test('a reader sees options, choices and examples as they are typed', async () => {
    const text = await page('pi-image-inventory.1');
    const { said } = await pipe(['mandoc', '-T', 'ascii', '-O', 'width=100'], text);
    // Bold is each letter twice, with a backspace between.
    const plain = said.split('\b').reduce((before, next) => before.slice(0, -1) + next);

    expect(plain).toContain('-o, --output format');
    expect(plain).toContain('One of: ansible, genders, clustershell, ssh-config, known-hosts.');
    expect(plain).toContain('pi-image inventory -o genders > /etc/genders\n');
  });
});
