/** The program that builds where systemd starts it for us: what we started only waits, and the group is that of the one inside. */
import { expect, test } from 'vitest';

import { leaderInside } from '../../src/cli/build-programs.ts';
import { endGroup, leaderOf, startGroup } from '../../src/host/process-group.ts';

/** As systemd-run does, and systemd: another session, in which the program has its own number. */
const outside = (script: string) => (onLine: (line: string) => void) =>
  startGroup(['sh', '-c', 'setsid sh -c "$1" & wait $!', 'sh', script], onLine);

test('the group is that of the program inside, and what waits ends with it', async () => {
  const lines: string[] = [];
  const script = `echo "{\\"leader\\":$$}"; echo begun; sleep 1000`;

  const group = await leaderInside(outside(script), (line) => void lines.push(line));
  const leader = await leaderOf(group.pid);
  if (leader === undefined) throw new Error('it has ended');
  await expect.poll(() => lines.at(-1)).toBe('begun');
  await endGroup(leader, 5000);

  expect(lines[0]).toBe(`{"leader":${group.pid}}`);
  expect(await group.ended).not.toBe(0);
  expect(await leaderOf(group.pid)).toBeUndefined();
});

test('one that ends before it has said its number is no riddle', async () => {
  const { ended } = await leaderInside(outside('echo no; exit 1'), () => undefined);

  expect(await ended).not.toBe(0);
});
