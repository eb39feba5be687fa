/**
 * kill -9 of the service each time that it has written a step down, in the middle of role changes and rollouts: all of it
 * ends as where nobody killed anything. Boards boot, Slurm is asked; unit tests kill before and after each write.
 */
import { beforeAll, expect, test } from 'vitest';

import { compile } from '../support/compiled.ts';
import { OperationSite } from '../support/operation-site.ts';

beforeAll(compile, 120_000);

interface Story {
  readonly tell: Parameters<OperationSite['tell']>[0];
  /** Published when all nodes run the first one. */
  readonly version?: string;
  /** Command lines with which nodes fail. */
  readonly bad: string;
}

type Outcome = Awaited<ReturnType<OperationSite['outcome']>>;

async function play({ tell, version, bad }: Story, isKilled: boolean): Promise<readonly [Outcome, kills: number]> {
  const site = new OperationSite();
  try {
    await site.open(bad);
    const first = await site.serve();
    await site.ready();
    if (version !== undefined) await site.publish(version);
    await site.tell(tell);
    const ended = site.ended();
    const kills = isKilled ? await site.killed(first, ended) : 0;
    await ended;
    await site.ready();
    return [await site.outcome(), kills];
  } finally {
    await site.close();
  }
}

const changeRole: Story['tell'] = { route: '/roles/sick:assign', body: { nodes: ['node01'], drain: 'wait' } };
const rollOut: Story['tell'] = {
  route: '/rollouts',
  body: { target: { kind: 'image', role: 'compute' }, soakSeconds: 0 },
};

const second = '20261122.1';

/** With the fewest kills that are one for each step. */
const stories: readonly (readonly [string, Story, object, number])[] = [
  [
    'a role that does not come up',
    { tell: changeRole, bad: ' sick' },
    {
      operations: [{ state: 'failed', reason: 'node01: sick.service: no such disk', counts: { 'fell-back': 1 } }],
      nodes: [{ role: 'compute' }, { role: 'compute' }],
      slurm: ['node01 IDLE', 'node02 IDLE'],
    },
    8,
  ],
  [
    'a rollout',
    { tell: rollOut, version: second, bad: 'none' },
    {
      rollouts: [{ state: 'done', members: [{ result: 'done' }, { result: 'done' }] }],
      slurm: ['node01 IDLE', 'node02 IDLE'],
    },
    12,
  ],
];

test.concurrent.each(stories)('%s', { timeout: 900_000 }, async (_name, story, expected, steps) => {
  const [[quiet], [killed, kills]] = await Promise.all([play(story, false), play(story, true)]);

  expect(quiet).toMatchObject(expected);
  expect(killed).toEqual(quiet);
  expect(kills).toBeGreaterThanOrEqual(steps);
});
