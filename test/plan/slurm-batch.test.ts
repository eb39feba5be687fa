/** Orders for many nodes as a shell carries them out, with a scontrol that says what each of them is. */
import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { setDownCommand, takeBackCommand } from '../../src/plan/slurm-batch.ts';

const line = (name: string, state: string, reason?: string) =>
  `NodeName=${name} Arch=aarch64 State=${state} Partitions=main` +
  (reason === undefined ? '' : ` Reason=${reason} [ada@2026-11-21T09:00:00]`);

const shown = [
  line('node01', 'IDLE'),
  line('node02', 'MIXED', 'was drained for a new fan'),
  line('node03', 'DOWN', 'Not responding'),
  line('node04', 'DOWN+NOT_RESPONDING', 'pi-image: off'),
  line('node05', 'DOWN', 'no power'),
  line('node06', 'DOWN', 'Not responding since the move'),
  line('node07', 'IDLE+DRAIN', 'bad fan'),
  line('node08', 'IDLE+DRAIN', 'pi-image operation 12'),
  line('node09', 'DOWN+DRAIN', 'pi-image: off'),
  line('node10', 'DOWN', 'pi-image: off, for good'),
  'Node node11 not found',
];

const names = shown.map((_, index) => `node${String(index + 1).padStart(2, '0')}`);

function carriedOut(command: string, lines: readonly string[]): string {
  const answer = lines.map((each) => `'${each}'`).join(' ');
  const scontrol = `scontrol() { case "$*" in '--oneliner show node ${names.join(',')}') printf '%s\\n' ${answer} ;; *) echo "$*" ;; esac; }`;
  return execFileSync('sh', ['-c', `${scontrol}\n${command}`]).toString();
}

test('those that no administrator has spoken of, and no operation has drained, are set down by one order', () => {
  expect(carriedOut(setDownCommand(names), shown)).toBe(
    'update nodename=node01,node02,node03,node04 state=down reason=pi-image: off\n',
  );
});

test('those that are down for our reason, and for no other, are taken back by one order', () => {
  expect(carriedOut(takeBackCommand(names), shown)).toBe('update nodename=node04 state=resume\n');
});

test.each([
  ['setDown', setDownCommand],
  ['takeBack', takeBackCommand],
])('%s says nothing where there is nobody to say it of', (_name, command) => {
  expect(carriedOut(command(names), shown.slice(4, 8))).toBe('');
  expect(carriedOut(command(names), [''])).toBe('');
});
