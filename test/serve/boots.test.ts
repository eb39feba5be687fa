import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { silenceMs } from '../../src/plan/boot-timeline.ts';
import type { Arrival } from '../../src/serve/boots-deps.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleCluster, sampleManifest, sampleNode, sampleView } from '../support/sample-view.ts';

const node01 = sampleNode('node01');
const mac = '2c:cf:67:01:02:03';

let sample: Awaited<ReturnType<typeof sampleBoots>>;
beforeEach(async () => {
  sample = await sampleBoots();
});
afterEach(() => sample.remove());

function bootOf(arrival: Arrival) {
  if (arrival.kind === 'refused') throw new Error(arrival.reason);
  return arrival.boot;
}

test('a boot is on the disk with what it boots before the board is answered', async () => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));

  const later = await sampleBoots(sample.stateDir);
  expect(later.boots.all()).toEqual([boot]);
  expect(later.boots.generations().get(boot.generation)?.node).toBe('node01');
  expect(later.frozen.get(boot.generation)?.overlay.length).toBeGreaterThan(0);
});

test('a service that was killed goes on with the boot, its token and its generation, whatever is desired now', async () => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));

  const later = await sampleBoots(sample.stateDir);
  later.world.view = sampleView({ images: new Map([['debian-lite', [sampleManifest({ version: '20261122.1' })]]]) });
  const read = bootOf(await later.boots.arrive(node01, mac, 'read'));

  expect(read).toMatchObject({ id: boot.id, token: boot.token, generation: boot.generation });
  expect(later.boots.authorise(boot.token, node01.address).kind).toBe('valid');
  expect(later.boots.generations().get(read.generation)?.image.version).toBe('20261121.1');
});

test('signs that come at the same time begin one boot', async () => {
  const signs = ['discover', 'discover', 'read', 'read'] as const;
  const arrivals = await Promise.all(signs.map((sign) => sample.boots.arrive(node01, mac, sign)));

  expect(new Set(arrivals.map((arrival) => bootOf(arrival).id)).size).toBe(1);
  expect(sample.boots.all()).toHaveLength(1);
});

test('every boot has a token of its own', async () => {
  const first = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
  await sample.boots.report(first, { phase: 'root', uptimeSeconds: 3, detail: undefined });
  const second = bootOf(await sample.boots.arrive(node01, mac, 'discover'));

  expect(second.id).not.toBe(first.id);
  expect(second.token).not.toBe(first.token);
  expect(sample.boots.all()[0]).toMatchObject({ closed: { reason: 'restarted' } });
  expect(sample.boots.authorise(first.token, node01.address).kind).toBe('refused');
});

test('no token is in a log line or in what a closed boot leaves behind', async () => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
  sample.boots.countFile(node01.address, 1000);
  await sample.boots.report(boot, { phase: 'overlay', uptimeSeconds: 4, detail: 'done' });
  await sample.file.flush();

  const { file: reopened } = await sampleBoots(sample.stateDir);
  const kept = JSON.stringify(reopened.current());
  expect(boot.token).toHaveLength(43);
  expect(sample.lines.join('\n') + kept).not.toContain(boot.token);
  expect(sample.boots.all()[0]).toMatchObject({ files: 1, bytes: 1000, closed: { reason: 'handed-over' } });
});

test('a token that is refused is noted with the boot of that address', async () => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
  sample.boots.authorise(boot.token, node01.address);
  sample.boots.authorise(undefined, node01.address);
  sample.boots.authorise('wrong', '10.42.0.99');
  expect(sample.boots.all()[0]?.tokenRefused).toBeUndefined();

  sample.boots.authorise('wrong', node01.address);

  expect(sample.boots.all()[0]?.tokenRefused).toBe('this is not the token of this boot');

  sample.boots.authorise(boot.token, node01.address);

  expect(sample.boots.all()[0]).not.toHaveProperty('tokenRefused');
});

describe('a node that cannot be planned', () => {
  test('is refused with the reason and begins nothing', async () => {
    sample.world.view = sampleView({ images: new Map() });

    const arrival = await sample.boots.arrive(node01, mac, 'discover');

    expect(arrival).toEqual({ kind: 'refused', reason: 'there is no version of the image debian-lite' });
    expect(sample.boots.all()).toEqual([]);
  });
});

describe('a boot that is late', () => {
  test('fails with phase and cause: in the timeline, in the log, as an event', async () => {
    const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
    sample.health.report('tftp', ['port 69 is taken']);
    sample.world.nowMs += 90_000 - 1;
    await sample.boots.tidy();
    expect(sample.boots.all()[0]?.closed).toBeUndefined();

    sample.world.nowMs += 1;
    await sample.boots.tidy();

    const cause = 'stuck after offered for 90s: TFTP is not served: port 69 is taken';
    const [closed] = sample.boots.all();
    expect(closed).toMatchObject({ id: boot.id, closed: { reason: 'failed', cause, hint: expect.any(String) } });
    expect(closed).not.toHaveProperty('token');
    expect(sample.lines.filter((line) => line.includes(cause))).toHaveLength(1);
    expect(await sample.database.events.after(0, 10)).toMatchObject([
      { kind: 'boot.begun', node: 'node01', fields: { boot: boot.id, address: node01.address, mac } },
      { kind: 'boot.phase', fields: { phase: 'offered' } },
      { kind: 'boot.failed', node: 'node01', fields: { boot: boot.id, cause, seconds: 90 } },
    ]);
  });

  test('is late by the deadline of its own role', async () => {
    const cluster = sampleCluster();
    const { compute, ...others } = cluster.roles;
    if (compute === undefined) throw new Error('the sample has compute nodes');
    const roles = { ...others, compute: { ...compute, deadline: 40_000 } };
    sample.world.view = sampleView({ cluster: { ...cluster, roles } });
    await sample.boots.arrive(node01, mac, 'discover');
    await sample.boots.arrive(sampleNode('login'), 'b8:27:eb:00:00:20', 'discover');

    sample.world.nowMs += 40_000;
    await sample.boots.tidy();

    expect(sample.boots.all().map(({ closed }) => closed?.reason)).toEqual(['failed', undefined]);
  });

  test('becomes ready when it says so all the same', async () => {
    const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
    sample.world.nowMs += 90_000;
    await sample.boots.tidy();

    await sample.boots.report(boot, { phase: 'ready', uptimeSeconds: 100, detail: undefined });

    expect(sample.boots.all()[0]?.closed).toEqual({ atMs: sample.world.nowMs, reason: 'ready' });
    expect((await sample.database.events.after(0, 20)).at(-1)).toMatchObject({ kind: 'boot.ready' });
  });

  test('is not one that could not be served while the service was down', async () => {
    await sample.boots.arrive(node01, mac, 'discover');
    await sample.file.flush();

    const later = await sampleBoots(sample.stateDir, sample.world.nowMs + 200_000);
    await later.boots.tidy();

    expect(later.boots.all()[0]?.closed).toBeUndefined();
    expect(later.boots.all()[0]?.queued?.ms).toBe(200_000);
  });

  test('is not one that waits, until it is silent', async () => {
    const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
    await sample.boots.report(boot, { phase: 'waiting', uptimeSeconds: 20, detail: 'slurm controller' });

    sample.world.nowMs += silenceMs - 1;
    await sample.boots.tidy();
    expect(sample.boots.all()[0]?.closed).toBeUndefined();

    sample.world.nowMs += 1;
    await sample.boots.tidy();
    const cause = 'nothing was heard of it after waiting: it waited for slurm controller';
    expect(sample.boots.all()[0]?.closed).toMatchObject({ reason: 'silent', cause });
  });

  test('is told by a file that it did not get', async () => {
    await sample.boots.arrive(node01, mac, 'discover');
    sample.boots.noteMissing(node01.address, '0000abcd/recovery.elf', 'never served');
    sample.boots.noteMissing(
      node01.address,
      '0000abcd/start4.elf',
      '0000abcd/ is not node01, whose board asks under 9/',
    );
    sample.world.nowMs += 90_000;
    await sample.boots.tidy();

    const [closed] = sample.boots.all();
    expect(closed?.missing).toHaveLength(1);
    expect(closed?.closed?.cause).toContain('it does not get 0000abcd/start4.elf');
  });
});

test('what a node reports is an event each, once', async () => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
  for (const phase of ['network', 'network', 'root', 'failed'] as const) {
    await sample.boots.report(boot, { phase, uptimeSeconds: 3, detail: `about ${phase}` });
  }

  const events = await sample.database.events.after(0, 20);
  expect(events.map(({ kind, fields }) => `${kind} ${String(fields['phase'] ?? '')}`.trim())).toEqual([
    'boot.begun',
    'boot.phase offered',
    'boot.phase kernel',
    'boot.phase network',
    'boot.phase root',
    'boot.failed',
  ]);
  expect(events.at(-1)?.fields).toMatchObject({ cause: 'about failed' });
  expect(JSON.stringify(events)).not.toContain(boot.token);
});

test.each([
  ['forgets what nobody needs', false],
  ['keeps what a node is held at', true],
])('tidying %s', async (_name, isHeld) => {
  const boot = bootOf(await sample.boots.arrive(node01, mac, 'discover'));
  if (isHeld) sample.world.held = [boot.generation];
  sample.world.nowMs += silenceMs;
  await sample.boots.tidy();

  // Eleven further boots, each of another generation: the first one's is needed no more.
  for (let count = 0; count < 11; count += 1) {
    const version = `20261122.${count + 1}`;
    sample.world.view = sampleView({ images: new Map([['debian-lite', [sampleManifest({ version })]]]) });
    await sample.boots.arrive(node01, mac, 'discover');
    sample.world.nowMs += silenceMs;
    await sample.boots.tidy();
  }
  const files = await readdir(path.join(sample.stateDir, 'boot'));
  expect(sample.boots.all()).toHaveLength(10);
  expect(files).toHaveLength(isHeld ? 11 : 10);
  expect(files.includes(`${boot.generation}.json`)).toBe(isHeld);
});
