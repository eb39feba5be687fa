/** Commands in the docs, in examples of --help and in hints exist: a code block is parsed as it stands, others by their names. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { CommanderError, type Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';

import { commands } from '../../src/cli/commands.ts';
import { newProgram, type ProgramOptions } from '../../src/cli/program.ts';
import { listFiles } from '../../src/host/tree.ts';
import { PiImageError } from '../../src/model/errors.ts';

const project = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(project, file), 'utf8');

let program: Command;

/** All commands, none of which does anything. */
beforeAll(async () => {
  const nothing = () => undefined;
  const options = { shippedDir: project, stdout: nothing, stderr: nothing } as unknown as ProgramOptions;
  program = newProgram(options);
  for (const load of commands.values()) (await load())(program, options as never);
  const disarm = (command: Command): void => {
    // A noun may do something without a verb, too.
    if (Reflect.get(command, '_actionHandler') !== null) command.action(nothing);
    command.commands.forEach(disarm);
  };
  disarm(program);
  // Modules of all commands are loaded, on a machine that may be busy.
}, 60_000);

/** The words of a line of shell, as far as they are this command's. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word);
  const end = words.findIndex((word) => /^(?:#|[|;<>]|&&|\d?>)/.test(word));
  return words.slice(0, end === -1 ? undefined : end).map((word) => word.replaceAll(/['"]/g, ''));
}

/** @returns why a line is refused; undefined: it is a command line */
async function refusal(line: string): Promise<string | undefined> {
  try {
    await program.parseAsync(wordsOf(line), { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError || error instanceof PiImageError) return `${line}: ${error.message}`;
    throw error;
  }
}

/** `image diff|why NAME [--all]`: the commands and the options, whatever stands for their arguments. */
function unknownName(mention: string): string | undefined {
  const words = wordsOf(mention).map((word) => word.replaceAll(/[[\]().,;]/g, ''));
  let at = [program];
  for (const word of words) {
    if (word.startsWith('--')) {
      const known = at.every((command) => [...command.options, ...program.options].some(({ long }) => long === word));
      if (!known && word !== '--' && word !== '--help') return `${mention}: there is no ${word}`;
    } else if (at.every((command) => command.commands.length > 0) && /^[a-z]/.test(word)) {
      const names = word.split('|');
      const next = names.map((name) =>
        at[0]?.commands.find((child) => [child.name(), ...child.aliases()].includes(name)),
      );
      if (next.includes(undefined)) return `${mention}: there is no ${word}`;
      at = next.filter((command) => command !== undefined);
    }
  }
  return undefined;
}

const pages = async () => [
  ...(await listFiles(project, ['docs'])).filter((file) => file.endsWith('.md')),
  'README.md',
  'CONTRIBUTING.md',
];

describe('docs', () => {
  test('have no line in a code block that is none', async () => {
    const lines: string[] = [];
    for (const page of await pages()) {
      for (const [, block = ''] of (await read(page)).matchAll(/^ *```[a-z]*\n([^]*?)^ *```/gm)) {
        for (const [, line = ''] of block.matchAll(/^ *(?:[$#] )?(?:sudo )?pi-image ([^\n]*)/gm)) lines.push(line);
      }
    }
    const refused: (string | undefined)[] = [];
    for (const line of lines) refused.push(await refusal(line));

    expect(lines.length).toBeGreaterThan(100);
    expect(refused.filter((each) => each !== undefined)).toEqual([]);
  });

  test('mention none that there is not', async () => {
    const mentions: string[] = [];
    for (const page of [...(await pages()), 'CHANGELOG.md']) {
      for (const [, mention = ''] of (await read(page)).matchAll(/`(?:sudo )?pi-image ([^`\n]*)`/g))
        mentions.push(mention);
    }
    expect(mentions.length).toBeGreaterThan(50);
    expect(mentions.map(unknownName).filter((each) => each !== undefined)).toEqual([]);
  });
});

test('hints name none that there is not', async () => {
  const mentions: string[] = [];
  for (const file of (await listFiles(project, ['src'])).filter((each) => each.endsWith('.ts'))) {
    for (const [, mention = ''] of (await read(file)).matchAll(/"pi-image ([^"\n]*)"/g)) {
      mentions.push(mention.replaceAll(/\$\{[^}]*\}/g, 'NAME'));
    }
  }
  expect(mentions.length).toBeGreaterThan(50);
  expect(mentions.map(unknownName).filter((each) => each !== undefined)).toEqual([]);
});

test.each([
  ['node list --outptu json', '--outptu'],
  ['node lits', 'lits'],
  ['image gc --keep none', 'none'],
  ['apply', '--file'],
])('%s would be found', async (line, what) => {
  expect(await refusal(line)).toContain(what);
});

test.each(['node lits', 'image diff|wyh A', 'build NAME --sqash'])('a mention of %s would be found', (mention) => {
  expect(unknownName(mention)).toContain('there is no');
});
