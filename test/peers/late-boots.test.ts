/** A board that gets no further than its address: the whole service in a namespace says so, also after it was killed. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { request } from '../../src/cli/api-client.ts';
import type { NodeStatus } from '../../src/model/node-status.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const node01 = { name: 'node01', mac: boardMac, board: 'pi4', address: boardAddress, role: 'compute' };
const deadlineMs = 6000;
/** The service looks every five seconds. */
const soonMs = deadlineMs + 5000 + 10_000;

let site: ServeFixture;
beforeEach(async () => {
  site = new ServeFixture();
  await site.open();
  const compute = { image: 'small', overlays: ['base'], deadline: `${deadlineMs / 1000}s` };
  await site.writeCluster({ roles: { compute, other: { image: 'absent' } } });
  await site.apply([node01]);
}, 60_000);
afterEach(() => site.close());

async function status(): Promise<NodeStatus | undefined> {
  const answer = await request(site.socket, 'GET', '/nodes/node01');
  return answer.kind === 'answer' ? (answer.body as { status: NodeStatus }).status : undefined;
}

const failsWith = (reason: unknown) =>
  vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'failed', reason }), {
    timeout: soonMs,
    interval: 500,
  });

test('a boot that is late fails with its cause, is listed, and the next one begins anew', async () => {
  await site.serve();
  await site.powerOn();
  await failsWith('not ready within 6s: it took its address, and no request for a file arrived');

  await site.powerOn();
  expect((await status())?.state).toBe('booting');
  const line = await site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
  expect(line).toMatch(/pi_image\.token=[\w-]{43}/);
  await site.onBoard('curl', '-sS', '-o', '/dev/null', `tftp://${storageAddress}/9ffefdef/start4.elf`).catch(() => '');
  await failsWith(
    'not ready within 6s: it does not get 9ffefdef/start4.elf: not among the boot files of small@20261121.1',
  );

  const history = await site.command('node', 'history', 'node01');
  expect(history.match(/ failed after \d+\.\d s +not ready within 6s: /g)).toHaveLength(2);
  expect(await site.command('node', 'show', 'node01')).toContain('\ndo:  Add the board to "boards:" in image.yaml');
});

test('a deadline outlives kill -9, and does not count the time in which nobody served', async () => {
  const service = await site.serve();
  await site.powerOn();
  const [before] = await boots();
  service.signal('SIGKILL');
  await service.ended;
  await new Promise((resolve) => setTimeout(resolve, deadlineMs));

  await site.serve();
  const [resumed] = await boots();
  expect(resumed).toMatchObject({ id: before?.id, startedAtMs: before?.startedAtMs });
  expect(resumed?.closed).toBeUndefined();
  expect(resumed?.queued?.ms).toBeGreaterThan(deadlineMs - 1000);

  // What DHCP saw within the last second was not on the disk yet.
  await failsWith(expect.stringMatching(/^not ready within 6s: it (?:took its|got an) address/));
});

async function boots(): Promise<NonNullable<NodeStatus['lastBoot']>[]> {
  const answer = await request(site.socket, 'GET', '/nodes/node01/boots');
  return answer.kind === 'answer' ? (answer.body as NonNullable<NodeStatus['lastBoot']>[]) : [];
}
