/** A node that runs is asked before another boot of it begins: who answers, who waits, and what is told of it. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { createBoots, type Boots } from '../../src/serve/boots.ts';
import { createChallenges, type Challenges } from '../../src/serve/challenges.ts';
import { createHeartbeats, type Heartbeats } from '../../src/serve/heartbeats.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleBeat } from '../support/sample-heartbeat.ts';
import { sampleNode } from '../support/sample-view.ts';

const node01 = sampleNode('node01');
const thief = '02:00:00:00:00:66';
const waitMs = 300;

let sample: Awaited<ReturnType<typeof sampleBoots>>;
let heartbeats: Heartbeats;
let challenges: Challenges;
let boots: Boots;
beforeEach(async () => {
  sample = await sampleBoots();
  const now = () => sample.world.nowMs;
  heartbeats = createHeartbeats(now);
  const { append } = sample.database.events;
  challenges = createChallenges({ heartbeats, append, now, log: sample.log, waitMs });
  boots = createBoots({ ...sample, challenges, now });
});
afterEach(() => sample.remove());

const newest = () => boots.all().at(-1) as Boot;

/** Its board was switched on, it is ready, and has sent a heartbeat. */
async function ready(): Promise<Boot> {
  await boots.arrive(node01, node01.mac ?? '', 'discover');
  await boots.setOverlay(newest(), { overlaySha256: 'a', key: 'k' });
  for (const phase of ['overlay', 'userspace', 'ready'] as const) {
    await boots.report(newest(), { phase, uptimeSeconds: 9, detail: undefined, leavesAgent: true });
  }
  heartbeats.take(newest(), sampleBeat);
  return newest();
}

const speaks = (boot: Boot) => {
  heartbeats.take(boot, sampleBeat);
  challenges.heard(boot);
};

const impostors = async () => {
  await sample.file.flush();
  const events = await sample.database.events.after(0, 100);
  return events
    .filter(({ kind }) => kind === 'boot.impostor')
    .map(({ node, fields }) => Object.assign({ node }, fields));
};

describe('somebody who claims to be the board of a node that runs', () => {
  test('begins no boot, and the alarm says who it was', async () => {
    const running = await ready();

    const claimed = boots.arrive(node01, thief, 'discover');
    await sleep(waitMs / 3);
    speaks(running);

    expect(await claimed).toEqual({ kind: 'refused', reason: expect.stringContaining('somebody else claims') });
    expect(boots.all()).toEqual([running]);
    expect(sample.lines.filter((line) => line.startsWith('boot.impostor'))).toHaveLength(1);
    expect(await impostors()).toMatchObject([{ node: 'node01', boot: running.id, mac: thief, sign: 'discover' }]);
  });

  test('waits no longer than the answer takes, and so does whoever asks meanwhile; all hear the same', async () => {
    const running = await ready();
    const startedAtMs = performance.now();

    const signs = ['discover', 'discover', 'read', 'trusted-read'] as const;
    const claimed = Promise.all(signs.map((sign) => boots.arrive(node01, thief, sign)));
    setTimeout(speaks, 20, running);

    expect((await claimed).map(({ kind }) => kind)).toEqual(signs.map(() => 'refused'));
    expect(performance.now() - startedAtMs).toBeLessThan(waitMs);
    expect(await impostors()).toHaveLength(1);
  });

  test('and was let in because nothing was heard of it, has no token any more when the node speaks', async () => {
    const running = await ready();
    await boots.arrive(node01, thief, 'discover');
    const { token } = newest();
    expect(boots.authorise(token, node01.address).kind).toBe('valid');

    boots.hear(running);

    expect(boots.authorise(token, node01.address).kind).toBe('refused');
    expect(newest().tokenRefused).toContain('somebody else claims');
    boots.hear(running);
    expect(await impostors()).toMatchObject([{ node: 'node01', mac: thief }]);
  });

  test('is told of once a minute, however often it tries', async () => {
    const running = await ready();
    const tryIt = async () => {
      const claimed = boots.arrive(node01, thief, 'discover');
      speaks(running);
      await claimed;
    };

    for (let count = 0; count < 5; count += 1) await tryIt();
    expect(await impostors()).toHaveLength(1);

    sample.world.nowMs += 60_000;
    speaks(running);
    await tryIt();
    expect(await impostors()).toHaveLength(2);
  });
});

describe('a node that was really switched off and on', () => {
  test('begins its boot after the silence, whoever asks first, and is one boot', async () => {
    const before = await ready();
    const startedAtMs = performance.now();

    const signs = ['discover', 'read', 'discover'] as const;
    const arrivals = await Promise.all(signs.map((sign) => boots.arrive(node01, node01.mac ?? '', sign)));

    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(waitMs - 20);
    expect(boots.all()).toHaveLength(2);
    expect(arrivals.map((arrival) => arrival.kind === 'boot' && arrival.boot.id)).toEqual(signs.map(() => newest().id));
    expect(newest().token).not.toBe(before.token);
    expect(await impostors()).toEqual([]);
  });

  test('is not answered for by another node', async () => {
    await ready();
    const other = { ...newest(), node: 'node02', id: 'other' };

    const arrival = boots.arrive(node01, node01.mac ?? '', 'discover');
    speaks(other);

    expect((await arrival).kind).toBe('boot');
  });

  test('is not asked twice', async () => {
    await ready();
    await boots.arrive(node01, node01.mac ?? '', 'discover');
    // Its kernel never spoke: it is switched on once more.
    sample.world.nowMs += 11 * 60_000;
    await boots.tidy();
    sample.world.nowMs -= 11 * 60_000;
    const startedAtMs = performance.now();

    expect((await boots.arrive(node01, node01.mac ?? '', 'discover')).kind).toBe('boot');
    expect(performance.now() - startedAtMs).toBeLessThan(waitMs / 2);
  });

  test('is not waited for when its heartbeats ended before', async () => {
    await ready();
    sample.world.nowMs += 15_000;
    const startedAtMs = performance.now();

    expect((await boots.arrive(node01, node01.mac ?? '', 'discover')).kind).toBe('boot');
    expect(performance.now() - startedAtMs).toBeLessThan(waitMs / 2);
  });
});

describe('an answer that is held', () => {
  test('is given when the node is asked, and not before', async () => {
    const running = await ready();
    const signal = challenges.asked(running);
    expect([signal.aborted, challenges.isAsked(running)]).toEqual([false, false]);

    const claimed = boots.arrive(node01, thief, 'discover');

    expect([signal.aborted, challenges.isAsked(running)]).toEqual([true, true]);
    expect(challenges.asked(running).aborted).toBe(true);
    speaks(running);
    await claimed;
    expect(challenges.isAsked(running)).toBe(false);
  });
});
