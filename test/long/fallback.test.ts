/** Roles that cannot come up, on boards that boot: each is taken back by itself, and says why. Root. */
import { beforeAll, expect, test } from 'vitest';

import { buildImage } from '../support/pi-image.ts';
import { raiseLoginRack, slowRack, type SlurmRack } from '../support/slurm-rack.ts';

let rack: SlurmRack;

beforeAll(async () => {
  await buildImage();
  rack = await raiseLoginRack('debian-lite');
  return () => rack.down();
}, 2 * slowRack.timeout);

const patience = { timeout: 2 * slowRack.timeout };

test.each([
  [
    'a unit that fails',
    'sick',
    { command: 'echo no such disk >&2; exit 1', isAwaited: true, deadline: '15m' },
    /sick\.service: no such disk/,
  ],
  [
    'a kernel that panics as soon as the system starts',
    'panics',
    { command: 'echo c > /proc/sysrq-trigger', deadline: '15m' },
    /it has started 3 times and was never ready: its board started again after/,
  ],
  [
    'a kernel that never speaks',
    'mute',
    { kernelArgument: 'rdinit=/no/such/program', deadline: '90s' },
    /its kernel reported nothing/,
  ],
])('%s: the node has its old role again', patience, async (_what, name, role, why) => {
  await rack.addRole(name, { like: 'login', ...role });

  const tried = await rack.run('node', 'role', 'node01', name, '--drain', 'wait', '--wait');

  expect([tried.code, tried.stderr]).toEqual([1, expect.stringMatching(/operation \d+: failed: node01: /)]);
  expect(tried.stderr).toMatch(why);
  const id = /operation (\d+)/.exec(tried.stderr)?.[1] ?? '';
  expect((await rack.operation(id)).nodes).toMatchObject([{ node: 'node01', from: 'login', result: 'fell-back' }]);
  expect(await rack.node('node01')).toMatchObject({ role: 'login', status: { state: 'ready' } });
  const again = await rack.run('node', 'role', 'node01', name, '--drain', 'wait');
  expect([again.code, again.stderr]).toEqual([
    1,
    expect.stringContaining(`node01 did not come up as ${name} in operation ${id}`),
  ]);
});
