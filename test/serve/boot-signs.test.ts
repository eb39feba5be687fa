/** What DHCP saw of a board, on the boot that was open then. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { DhcpSign } from '../../src/plan/dhcp-signs.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode } from '../support/sample-view.ts';

const node01 = sampleNode('node01');
const mac = '2c:cf:67:01:02:03';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
beforeEach(async () => {
  sample = await sampleBoots();
});
afterEach(() => sample.remove());

const see = (...kinds: readonly DhcpSign['kind'][]) => {
  for (const kind of kinds) sample.boots.sign('node01', mac, { kind, atMs: sample.world.nowMs });
};
const counts = () =>
  sample.boots.all().map(({ dhcp }) => ({ discover: dhcp?.discover?.count, request: dhcp?.request?.count }));

test('signs that come while a boot begins are counted by it, and a service that was stopped still has them', async () => {
  const beginning = sample.boots.arrive(node01, mac, 'discover');
  see('discover', 'offer', 'request', 'ack');
  await beginning;
  await sample.boots.tidy();
  expect(counts()).toEqual([{ discover: 1, request: 1 }]);

  see('request');
  await sample.boots.tidy();
  await sample.file.flush();

  const later = await sampleBoots(sample.stateDir);
  expect(later.boots.all()[0]?.dhcp).toMatchObject({ request: { count: 2 }, ack: { count: 1 } });
});

test('what came before a boot began is of the one before', async () => {
  const first = await sample.boots.arrive(node01, mac, 'discover');
  see('discover', 'offer');
  if (first.kind === 'boot') {
    await sample.boots.report(first.boot, { phase: 'root', uptimeSeconds: 1, detail: undefined });
  }
  see('request');
  await sample.boots.arrive(node01, mac, 'discover');
  see('discover');
  await sample.boots.tidy();

  expect(counts()).toEqual([
    { discover: 1, request: 1 },
    { discover: 1, request: undefined },
  ]);
});

test('a boot that failed because it was late may go on', async () => {
  const arrival = await sample.boots.arrive(node01, mac, 'discover');
  if (arrival.kind === 'boot') {
    await sample.boots.report(arrival.boot, { phase: 'failed', uptimeSeconds: 1, detail: undefined });
  }
  see('discover');
  await sample.boots.tidy();

  expect(counts()).toEqual([{ discover: 1, request: undefined }]);
});

test('a node that is up renews its lease, and its boot stays as it was', async () => {
  const arrival = await sample.boots.arrive(node01, mac, 'discover');
  if (arrival.kind === 'boot') {
    await sample.boots.report(arrival.boot, { phase: 'overlay', uptimeSeconds: 1, detail: undefined });
  }
  const before = sample.boots.all();
  see('request', 'ack');
  await sample.boots.tidy();

  expect(sample.boots.all()).toEqual(before);
});
